/** Waiting for what a store says of itself. */
import type { SyncStore } from '@countersign/core'
import { expect } from 'vitest'

export async function until(isSo: () => boolean): Promise<void> {
  await expect.poll(isSo, { interval: 2 }).toBe(true)
}

export const statusOf = (store: SyncStore): ReturnType<SyncStore['status']['getState']> =>
  store.status.getState()

/** Whether everything it has written is answered. */
export const isIdle = (store: SyncStore) => (): boolean =>
  statusOf(store).connection === 'online' && statusOf(store).outboxMessages === 0
