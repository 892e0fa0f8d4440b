/** Waits for the status of a store. */
import type { SyncStore, Uuid } from '@countersign/core'
import { shortId } from '@countersign/core/message'
import { expect } from 'vitest'

export async function until(isSo: () => boolean): Promise<void> {
  await expect.poll(isSo, { interval: 2 }).toBe(true)
}

export const statusOf = (store: SyncStore): ReturnType<SyncStore['status']['getState']> =>
  store.status.getState()

/** Whether all messages of the store have an answer. */
export const isIdle = (store: SyncStore) => (): boolean =>
  statusOf(store).connection === 'online' && statusOf(store).outboxMessages === 0

/** Whether an id is in a frame, in one of the two forms of ids. */
export function names(text: string, id: Uuid): boolean {
  return text.includes(shortId(id)) || text.includes(id)
}
