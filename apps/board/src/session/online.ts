/** The switch on screen that cuts a store off. Where it stands outlives a reload of the page. */
import type { SyncStore } from '@countersign/core'
import { keep, kept } from './kept.ts'

export interface OnlineSwitch {
  /** Whether the switch stood at online when the store was opened. */
  readonly startsOnline: boolean
  setOnline(online: boolean): void
}

/** To be called before the first connection, so that a reload while offline stays offline. */
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
