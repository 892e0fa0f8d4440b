/** The switch that disconnects a store. Its position survives a reload of the page. */
import type { SyncStore } from '@countersign/core'
import { keep, kept } from './kept.ts'

export interface OnlineSwitch {
  /** Whether the switch was on when the store was opened. */
  readonly startsOnline: boolean
  setOnline(online: boolean): void
}

/** Called before the first connection, so that the store stays offline after a reload. */
export function onlineSwitch(store: SyncStore, name: string): OnlineSwitch {
  const startsOnline = kept(`${name}.offline`) === undefined
  if (!startsOnline) store.setOnline(false)
  return {
    startsOnline,
    setOnline(online) {
      keep(`${name}.offline`, online ? undefined : 'yes')
      store.setOnline(online)
    },
  }
}
