/**
 * What a platform says of a storage, besides storing: how much there is, how long it lasts; and a
 * place beside it for a mark that tells whether it was emptied. Optional: without it nothing is known.
 */

/** What the platform says. undefined: it does not say. */
export interface StorageOutlook {
  /** Of all that the origin stores. */
  readonly usedBytes: number | undefined
  readonly quotaBytes: number | undefined
  /** Whether only the person deletes what is stored, and not the platform when it lacks space. */
  readonly isPersisted: boolean | undefined
  /** A private window: all is deleted with the last one. */
  readonly isPrivate: boolean | undefined
}

/** Short texts in another kind of storage than the data, which is emptied for other reasons. */
export interface StorageMarks {
  get(key: string): string | undefined
  set(key: string, text: string): void
  remove(key: string): void
}

/** The care of a storage. Its functions never throw or reject. */
export interface StorageCare {
  look(): Promise<StorageOutlook>
  /**
   * Asks the platform to keep what is stored; it may ask the person. The store calls it once, after the
   * first own message was stored. Resolves to whether it does; undefined where that is not asked.
   */
  persist(): Promise<boolean | undefined>
  readonly marks: StorageMarks
}

/** How long what is stored on this device lasts, and what would be lost with it. */
export interface StorageHealth {
  /**
   * `kept`: until the person deletes it. `evictable`: the platform may delete it when it lacks space, or
   * after a time without a visit. `session`: it is gone with this page or private window.
   */
  readonly lasts: 'kept' | 'evictable' | 'session' | 'unknown'
  /** Of all that the app's origin stores; undefined where the platform does not say. */
  readonly usedBytes: number | undefined
  readonly quotaBytes: number | undefined
  /**
   * When the store noticed that the storage was emptied although nobody had signed out, ms since 1970;
   * undefined: never.
   */
  readonly evictedAt: number | undefined
  /**
   * Own messages that are nowhere but here, while the storage may lose them: it is not durable, almost
   * full, or was emptied before. A reason to warn, and to offer `store.export()`.
   */
  readonly messagesAtRisk: number
}
