/** The warnings for developers: each problem is logged once, with its remedy. */
import type { ConnectionRefusal, RefusedMessage, SyncStatus } from './store.ts'

const CURES: Readonly<Record<ConnectionRefusal, string>> = {
  wrong_space:
    'Give createSyncStore the space that the reviewer prints when it starts, or start the reviewer with that of this store (--space).',
  wrong_version: 'Use the same release of Countersign in the app and at the reviewer.',
  other_reviewer:
    'Check the address and `reviewerKey`. If the reviewer lost its key, call store.reset({ keepOutbox: true }) to follow the new one.',
  unauthorised:
    'Give the store another token with store.setAuth, or let its `auth` function return one; unsent messages are kept.',
  forged:
    'A proxy or an attacker alters frames of the reviewer, or the reviewer signs with another key than the one in its greeting. Check the address and the network; the store retries by itself.',
}

const STORAGE_CURES: Readonly<Record<NonNullable<SyncStatus['storageTrouble']>, string>> = {
  quota: 'Free space on this device, or ask for more with navigator.storage.persist().',
  blocked: 'Close other tabs of this app that were loaded before the update.',
  hanging:
    'The browser’s database does not answer; the store keeps writes in memory until it does. If this persists, restart the browser.',
  closed: 'Reload the page: the browser closed the database.',
  version: 'Reload the page: a newer build of the app has changed the database.',
  damaged:
    'store.status lists the records under `damaged`: readable own messages are in store.refused, and store.discard(key) discards a report.',
  failed: 'Private windows and blocked site data have no storage; otherwise see the browser’s log.',
}

export class WarningTexts {
  readonly #warn: (text: string) => void
  readonly #logged = new Set<string>()

  constructor(warn: (text: string) => void) {
    this.#warn = warn
  }

  /** Logs the problems of `now` that are new since `before`. */
  status(now: SyncStatus, before: SyncStatus): void {
    if (now.connectionRefusal !== undefined)
      this.#once(
        `connection ${now.connectionRefusal}`,
        `the store does not follow this reviewer: ${now.connectionNote}. ${CURES[now.connectionRefusal]}`,
      )
    for (const lacking of now.reviewerLacks)
      this.#once(
        `lacks ${lacking}`,
        `the reviewer does not know ${lacking}: messages of this version stay in the outbox. Start the reviewer with the entities of this build.`,
      )
    if (now.storageTrouble !== undefined && now.storageTrouble !== before.storageTrouble)
      this.#once(
        `storage ${now.storageTrouble}`,
        now.storageTrouble === 'damaged'
          ? `records on this device are damaged: ${now.damaged[0]?.detail}. ${STORAGE_CURES.damaged}`
          : `writes are not durable on this device (${now.storageTrouble}). ${STORAGE_CURES[now.storageTrouble]}`,
      )
    const { evictedAt, messagesAtRisk = 0 } = now.storageHealth ?? {}
    if (evictedAt !== undefined)
      this.#once(
        'evicted',
        'the browser has emptied the storage of this device; what was unsent then is lost. Have it kept: install the app, or allow persistent storage.',
      )
    if (messagesAtRisk > 0)
      this.#once(
        'at risk',
        `unsent messages (${messagesAtRisk}) are on this device alone, whose storage may lose them. Connect, or save what store.export() returns.`,
      )
    if (now.identityTrouble !== undefined)
      this.#once(`identity ${now.identityTrouble}`, `${now.identityTrouble}.`)
    if (now.schemaTrouble !== undefined)
      this.#once(
        `schema ${now.schemaTrouble}`,
        `the types of this build do not match the space: ${now.schemaTrouble}`,
      )
    if (now.alarm !== undefined) this.#once(`alarm ${now.alarm}`, `${now.alarm}.`)
    if (now.halted !== undefined)
      this.#once(`halted ${now.halted}`, `the store has halted, and rejects writes: ${now.halted}`)
  }

  /** A message was rejected while the app subscribes neither to `refused` nor to `onRejected`. */
  unseenRejection({ messageId, reason, detail, changes }: RefusedMessage): void {
    const rows = changes.map(({ entity, id }) => `${entity} ${id}`).join(', ')
    this.#once(
      `rejected ${reason} ${changes[0]?.entity}`,
      `message ${messageId} on ${rows} was rejected (${reason}${detail ? `: ${detail}` : ''}) and nothing in the app shows it. Show it with useRefused or store.onRejected; then call store.reauthor or store.discard.`,
    )
  }

  /** The reviewer gave no verdict on a message, for a reason in the message itself. */
  undecided(detail: string): void {
    this.#once(
      `undecided ${detail}`,
      `a message has no verdict yet: ${detail}. See the reviewer’s log for the cause.`,
    )
  }

  /** A row was created whose assigned field the reviewer left empty. */
  unassigned(type: string, field: string): void {
    this.#once(
      `unassigned ${type}.${field}`,
      `the reviewer accepted a ${type} without giving it its assigned field ${field}. Start the reviewer with the entities of this app and \`assign\`.`,
    )
  }

  #once(reason: string, text: string): void {
    if (this.#logged.has(reason)) return
    this.#logged.add(reason)
    this.#warn(`Countersign: ${text}`)
  }
}
