/**
 * Says in development what time alone does not heal, once for each reason, with the cure. Apps
 * show `store.status` to their users; this is for the developer in front of an empty console.
 */
import type { ConnectionRefusal, RefusedMessage, SyncStatus } from './store.ts'

const CURES: Readonly<Record<ConnectionRefusal, string>> = {
  wrong_space:
    'Give createSyncStore the space that the reviewer prints when it starts, or start the reviewer with that of this store (--space).',
  wrong_version: 'Use the same release of Countersign in the app and at the reviewer.',
  other_reviewer:
    'Check the address and `reviewerKey`. If the reviewer began again without its data, store.reset({ keepOutbox: true }) follows the new one.',
  began_anew:
    'Restore the data of the reviewer. If they are lost, store.reset({ keepOutbox: true }) goes on without them.',
  forged:
    'Somebody between this app and its reviewer changes what they say, or the reviewer signs with another key than it greets with. Check the address and the way to it; the store tries again by itself.',
}

const STORAGE_CURES: Readonly<Record<NonNullable<SyncStatus['storageTrouble']>, string>> = {
  quota: 'Free space on this device, or ask for more with navigator.storage.persist().',
  blocked: 'Close other tabs of this app that were loaded before the update.',
  hanging:
    'The browser’s database does not answer; the store goes on in memory, and stores what it owes when it does. If it stays, restart the browser.',
  closed: 'Reload the page: the browser closed the database.',
  version: 'Reload the page: a newer build of the app has changed the database.',
  damaged:
    'store.status has the records under `damaged`: own messages that are left are in store.refused, and store.discard(key) ends a report.',
  failed: 'Private windows and blocked site data have no storage; otherwise see the browser’s log.',
}

export class Warnings {
  readonly #warn: ((text: string) => void) | undefined
  readonly #said = new Set<string>()

  /** Without `warn`, nothing is said. */
  constructor(warn: ((text: string) => void) | undefined) {
    this.#warn = warn
  }

  /** Compares two states of the status. */
  status(now: SyncStatus, before: SyncStatus): void {
    if (now.connectionRefusal !== undefined)
      this.#once(
        `connection ${now.connectionRefusal}`,
        `the reviewer is not followed: ${now.connectionNote}. ${CURES[now.connectionRefusal]}`,
      )
    for (const lacking of now.reviewerLacks)
      this.#once(
        `lacks ${lacking}`,
        `the reviewer does not know ${lacking}: messages of it wait. Start the reviewer with the entities of this build.`,
      )
    if (now.storageTrouble !== undefined && now.storageTrouble !== before.storageTrouble)
      this.#once(
        `storage ${now.storageTrouble}`,
        now.storageTrouble === 'damaged'
          ? `records on this device are damaged: ${now.damaged[0]?.detail}. ${STORAGE_CURES.damaged}`
          : `writes are not durable on this device (${now.storageTrouble}). ${STORAGE_CURES[now.storageTrouble]}`,
      )
    if (now.identityTrouble !== undefined)
      this.#once(`identity ${now.identityTrouble}`, `${now.identityTrouble}.`)
    if (now.schemaTrouble !== undefined)
      this.#once(
        `schema ${now.schemaTrouble}`,
        `the types do not fit the space: ${now.schemaTrouble}`,
      )
    if (now.alarm !== undefined) this.#once(`alarm ${now.alarm}`, `${now.alarm}.`)
    if (now.halted !== undefined)
      this.#once(`halted ${now.halted}`, `the store has halted and writes no more: ${now.halted}`)
  }

  /** A message was rejected while the app subscribes neither to `refused` nor to `onRejected`. */
  unseenRejection({ messageId, reason, detail, changes }: RefusedMessage): void {
    const rows = changes.map(({ entity, id }) => `${entity} ${id}`).join(', ')
    this.#once(
      `rejected ${reason} ${changes[0]?.entity}`,
      `message ${messageId} on ${rows} was rejected (${reason}${detail ? `: ${detail}` : ''}) and nothing in the app shows it. Use useRefused or store.onRejected; store.reauthor and store.discard deal with it.`,
    )
  }

  /** The reviewer gave no verdict on a message, for a reason of the message's own. */
  undecided(detail: string): void {
    this.#once(`undecided ${detail}`, `a message waits: ${detail}. The reviewer’s log says why.`)
  }

  /** A row was created whose assigned field the reviewer left empty. */
  unassigned(type: string, field: string): void {
    this.#once(
      `unassigned ${type}.${field}`,
      `the reviewer accepted a ${type} without giving it its assigned field ${field}. Start the reviewer with the entities of this app and \`assign\`.`,
    )
  }

  #once(reason: string, text: string): void {
    if (!this.#warn || this.#said.has(reason)) return
    this.#said.add(reason)
    this.#warn(`Countersign: ${text}`)
  }
}
