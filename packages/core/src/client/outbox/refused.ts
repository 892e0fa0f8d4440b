/**
 * The list of refused messages: own messages that were rejected, and those that depend on them. They
 * are not in the view, and kept until the app writes them again or dismisses them. They survive a
 * restart: verdicts and messages are stored, and blocked messages are derived from these.
 */
import type { Json } from '../../base/json.ts'
import type { Uuid } from '../../base/uuid.ts'
import { fieldName } from '../../fold/conflicts.ts'
import { type Reader, readStored } from '../../fold/read.ts'
import type { Entry, Refusal } from '../../history/entry.ts'
import { numberName, pendingIn } from '../../history/names.ts'
import type { AuthoredMessage, ChangeKind, Names } from '../../facts/types.ts'
import type { Standing } from '../../facts/message.ts'
import type { IsErased } from '../../history/erased.ts'
import type { Reg } from '../../schema/registers.ts'
import { namedValues } from '../reads/named-values.ts'
import type { RefusedList } from '../reads/refused-list.ts'
import type { RefusedChange, RefusedMessage, StandingValue } from '../store.ts'

/** The change of one entity in a refused message, as written. */
export interface HeldChange {
  readonly type: string
  readonly entityId: Uuid
  readonly kind: ChangeKind
  /** The version of the type that its author wrote it in. */
  readonly version: number
  readonly values: Readonly<Record<Reg, Json>>
}

export interface Held {
  readonly id: Uuid
  readonly authorId: Uuid
  readonly sessionId: Uuid
  readonly timestamp: number
  readonly state: 'rejected' | 'blocked'
  readonly refusal: Refusal
  readonly changes: readonly HeldChange[]
  /** `numberName` of the message, and of the pending messages that it depends on. */
  readonly name: string
  readonly parents: ReadonlySet<string>
  /** Entities that the message expects unchanged. */
  readonly expects: readonly Uuid[]
  /** undefined for a message of an earlier session, which has no receipt. */
  readonly entry?: Entry
}

export const BLOCKED: Refusal = Object.freeze({
  reason: 'parent_rejected',
  detail: 'it depends on a message that was refused',
  standing: [],
})

export const DAMAGED: Refusal = Object.freeze({
  reason: 'damaged',
  detail: 'its stored record was damaged before it was sent; write it again or discard it',
  standing: [],
})

/** What stood, without the values of a row that were erased; the same list where there are none. */
export function withoutValues(
  standing: readonly Standing[],
  isErased: IsErased,
): readonly Standing[] {
  const isHit = ({ entityId, reg, value }: Standing): boolean =>
    value !== undefined && isErased(entityId, reg)
  if (!standing.some(isHit)) return standing
  return standing.map((one) => {
    const { value: _, ...bare } = one
    return isHit(one) ? bare : one
  })
}

/** The changes of a message of this store. */
export function changesOf({ writes }: Entry): readonly HeldChange[] {
  return writes.map(({ type, entityId, kind, version, regs, values }) => ({
    ...{ type, entityId, kind, version },
    values: Object.fromEntries(regs.names.map((reg) => [reg, values[reg]!])),
  }))
}

/** The record of a refused message, from its entry. */
export function heldEntry(entry: Entry, state: Held['state'], refusal: Refusal): Held {
  return {
    id: entry.id,
    entry,
    ...entry.session,
    timestamp: entry.timestamp,
    state,
    refusal,
    changes: changesOf(entry),
    expects: (entry.expect ?? []).map(({ entityId }) => entityId),
    name: numberName(entry.session.sessionId, entry.clientSeq),
    parents: parentsOf(
      entry.writes.map(({ named }) => named),
      entry.session.sessionId,
    ),
  }
}

/** The record of a refused message, from its stored form. */
export function heldMessage(
  message: AuthoredMessage,
  state: Held['state'],
  refusal: Refusal,
): Held {
  const { id, session, clientSeq, time, changes, expect = [] } = message
  const { authorId, sessionId } = session.facts
  return {
    id,
    authorId,
    sessionId,
    timestamp: time,
    state,
    refusal,
    changes: changes.map(({ shape, entityId, values }) => ({
      type: shape.type,
      entityId,
      kind: shape.kind,
      version: shape.schemaVersion,
      values: Object.fromEntries(shape.regs.map((reg, i) => [reg, values[i]!])),
    })),
    expects: expect.map(({ entityId }) => entityId),
    name: numberName(sessionId, clientSeq),
    parents: parentNames(message),
  }
}

/** Names of the pending messages that a message depends on. */
export function parentNames({ changes, session }: AuthoredMessage): ReadonlySet<string> {
  return parentsOf(
    changes.map(({ parents }) => parents),
    session.facts.sessionId,
  )
}

function parentsOf(named: readonly (Names | undefined)[], sessionId: Uuid): ReadonlySet<string> {
  const pending = named.flatMap((names) => (names ? pendingIn(names, sessionId) : []))
  return new Set(pending.map((one) => numberName(one.sessionId, one.clientSeq)))
}

/** Names of stored own messages, in stored order, that were rejected or depend on one that was. */
export function refusedNames(
  messages: Iterable<AuthoredMessage>,
  isRejected: (id: Uuid) => boolean,
): ReadonlySet<string> {
  const names = new Set<string>()
  for (const message of messages) {
    const depends = [...parentNames(message)].some((name) => names.has(name))
    if (depends || isRejected(message.id))
      names.add(numberName(message.session.facts.sessionId, message.clientSeq))
  }
  return names
}

/** An own message whose content is lost. At least one of the two is known: a lost draft never had an id. */
export interface GoneMessage {
  readonly id: Uuid | undefined
  readonly name: string | undefined
}

export class RefusedMessages {
  /** The subscribers of these messages. */
  readonly list: RefusedList
  /** In causal order. */
  readonly #held = new Map<Uuid, Held>()
  readonly #dismissed = new Set<Uuid>()
  /** Ids of own messages whose content is lost. */
  readonly #gone = new Set<Uuid>()
  /** Names of all these messages: a message that depends on one is blocked. */
  readonly #names = new Set<string>()
  readonly #readerOf: (type: string) => Reader
  #shown: readonly RefusedMessage[] | undefined

  constructor(readerOf: (type: string) => Reader, list: RefusedList) {
    this.#readerOf = readerOf
    this.list = list
    list.show(
      () => this.#snapshot(),
      () => (this.#shown = undefined),
    )
  }

  get size(): number {
    return this.#held.size
  }

  held(): IterableIterator<Held> {
    return this.#held.values()
  }

  has(id: Uuid): boolean {
    return this.#held.has(id) || this.#dismissed.has(id) || this.#gone.has(id)
  }

  isDismissed(id: Uuid): boolean {
    return this.#dismissed.has(id)
  }

  addGone(gone: Iterable<GoneMessage>): void {
    for (const { id, name } of gone) {
      if (id !== undefined) this.#gone.add(id)
      if (name !== undefined) this.#names.add(name)
    }
  }

  /** Adds the name of a message that was dismissed in an earlier session. */
  addName(name: string): void {
    this.#names.add(name)
  }

  /** Whether one of these messages is refused. */
  hasAny(names: Iterable<string>): boolean {
    for (const name of names) if (this.#names.has(name)) return true
    return false
  }

  /** Adds a message, without notifying subscribers. */
  add(held: Held): void {
    if (this.has(held.id)) return
    this.#held.set(held.id, held)
    this.#names.add(held.name)
    this.#shown = undefined
  }

  /** Adds a message that was dismissed in an earlier session. */
  addDismissed(id: Uuid): void {
    this.#dismissed.add(id)
  }

  /** A message and all that depend on it, in causal order; undefined when it is not refused. */
  withDescendants(id: Uuid): readonly Held[] | undefined {
    const first = this.#held.get(id)
    if (!first) return undefined
    const found = [first]
    const names = new Set([first.name])
    for (const held of this.#held.values()) {
      if (held === first || ![...held.parents].some((parent) => names.has(parent))) continue
      found.push(held)
      names.add(held.name)
    }
    return found
  }

  /** Erases the values that stood in a row, where a refusal tells them. */
  erase(isErased: IsErased): void {
    for (const held of this.#held.values()) {
      const refusal = { ...held.refusal, standing: withoutValues(held.refusal.standing, isErased) }
      if (held.entry?.rejection) held.entry.rejection = refusal
      this.#held.set(held.id, { ...held, refusal })
    }
    this.#shown = undefined
  }

  /** Removes messages that turned out to be accepted, without marking them dismissed. */
  drop(ids: readonly Uuid[]): void {
    for (const id of ids) {
      const held = this.#held.get(id)
      if (held) this.#names.delete(held.name)
      this.#held.delete(id)
    }
    this.#shown = undefined
  }

  dismiss(ids: readonly Uuid[]): void {
    for (const id of ids) {
      const entry = this.#held.get(id)?.entry
      if (entry) entry.state = 'dismissed'
      this.#held.delete(id)
      this.#dismissed.add(id)
    }
    this.#shown = undefined
  }

  #snapshot(): readonly RefusedMessage[] {
    this.#shown ??= Object.freeze([...this.#held.values()].map((held) => this.#shownOf(held)))
    return this.#shown
  }

  standing(values: readonly Standing[]): readonly StandingValue[] {
    return values.map(({ type, entityId, reg, value, schemaVersion, authorId, msgId }) => {
      const reader = this.#readerOf(type)
      const at = { reg, version: schemaVersion }
      return {
        entity: type,
        id: entityId,
        field: fieldName(reg, reader),
        value: value === undefined ? undefined : readStored(value, at, reader),
        authorId,
        messageId: msgId,
      }
    })
  }

  #shownOf(held: Held): RefusedMessage {
    const { reason, detail, standing } = held.refusal
    return Object.freeze({
      messageId: held.id,
      state: held.state,
      reason,
      detail,
      standing: this.standing(standing),
      timestamp: held.timestamp,
      changes: held.changes.map((change) => this.named(change)),
      // `held` is in the list.
      descendants: this.withDescendants(held.id)!
        .slice(1)
        .map(({ id }) => id),
    })
  }

  /** A change by the names of its fields, as this build reads them. */
  named({ type, entityId, kind, version, values }: HeldChange): RefusedChange {
    const named = namedValues(values, version, this.#readerOf(type))
    return { entity: type, id: entityId, kind, values: named }
  }
}
