/**
 * The messages of a stranger: well-formed ones that no store would make, each with the reasons for which
 * the reviewer may refuse it. A message that may be refused may also be accepted: the invariants at the
 * commit check which of the two is right.
 */
import type { EntityIds, FinalReason, Json } from '@countersign/core/message'
import {
  OPEN_TYPES,
  Page,
  Task,
  type ValueSource,
  type WorldType,
  givenId,
  typeNamed,
  valuesFor,
} from './entities.ts'
import type { EntityHistory } from './facts.ts'
import type { Past, Read, StrangeChange, StrangeDraft } from './strange-flush.ts'
import type { Truth } from './truth.ts'

/** The author as this file needs it. */
export interface Writing extends ValueSource {
  /** The share of its messages that are on old states. */
  readonly latePart: number
  /** Whether it writes on its refused messages. */
  readonly goesOn: boolean
  readonly truth: Truth
  readonly entityIds: EntityIds
  /** A message with the session's next number, or with one of its own. */
  message(
    changes: readonly StrangeChange[],
    more?: {
      readonly clientSeq?: number
      readonly expect?: readonly Past[]
      readonly read?: Read | undefined
    },
  ): StrangeDraft
}

export interface Strange {
  readonly message: StrangeDraft
  readonly allowed: readonly FinalReason[]
}

/** Reasons for which any message on a shared row may be refused. */
export const USUAL: readonly FinalReason[] = ['too_large', 'parent_rejected', 'contested']

export function strangeMessage(author: Writing): readonly Strange[] {
  const makers = [updates, updates, keeps, resolves, expects, creates, creates, twice, tooEarly]
  return author.random.pick(author.goesOn ? [...makers, onRefused] : makers)(author)
}

/** Entities with something accepted, each at one moment of the past. */
function pasts(author: Writing, most: number): { rows: Past[]; read: Read | undefined } {
  const { truth, random } = author
  const seq = random.chance(author.latePart) ? random.below(truth.seq + 1) : truth.seq
  const known = [...truth.facts.entities()].filter(
    (history) => isOpenType(history) && history.acceptedAt(seq) !== 0n,
  )
  const rows = random
    .sample(known, random.between(1, most))
    .map((history) => ({ history, mask: history.acceptedAt(seq) }))
  return { rows, read: random.chance(0.4) ? readAt(author, seq) : undefined }
}

/**
 * The `seen` of an author who has read up to the end of a batch, and knows these rows up to that
 * seq.
 */
export function readAt({ truth, random }: Writing, seq: number): Read | undefined {
  if (seq === 0) return undefined
  const ends = [...truth.chainAt.keys()].filter((end) => end >= seq)
  const end = random.pick(ends)
  return end === seq ? { seq } : { seq: end, cut: seq }
}

/** Whether strangers change rows of that type: no workload depends on them. */
function isOpenType({ type }: EntityHistory): boolean {
  return type === Page.name || OPEN_TYPES.some(({ name }) => name === type)
}

function typeOf(history: EntityHistory): WorldType {
  return typeNamed.get(history.type)!
}

function setFor(author: Writing, type: WorldType, all = false): Record<string, Json> {
  const values = valuesFor(type, author, all)
  const set: Record<string, Json> = {}
  for (const [reg, value] of Object.entries(values)) {
    if (value === undefined) set[reg] = { $unset: true }
    else set[reg] = value as Json
  }
  if (!all && author.random.chance(0.1)) set['$archived'] = author.random.chance(0.6)
  return set
}

/** All heads of that moment; of what is named, maybe only some of them. */
function parentsAt(author: Writing, { history, mask }: Past, read: unknown): readonly string[] {
  const { heads } = history.expected(mask)
  return read || author.random.chance(0.8) ? heads : [author.random.pick(heads)]
}

function updates(author: Writing): Strange[] {
  const { rows, read } = pasts(author, 3)
  const changes = rows.map((past): StrangeChange => {
    const { history } = past
    return {
      ...placeOf(history),
      kind: 'update',
      parents: parentsAt(author, past, read),
      set: setFor(author, typeOf(history)),
    }
  })
  return changes.length === 0
    ? creates(author)
    : [{ message: author.message(changes, { read }), allowed: USUAL }]
}

function placeOf({ type, id }: EntityHistory): Pick<StrangeChange, 'type' | 'entityId'> {
  return { type, entityId: id }
}

/** Keeps some live writes of the registers that it writes. */
function keeps(author: Writing): Strange[] {
  const { rows, read } = pasts(author, 2)
  const changes = rows.map(({ history, mask }): StrangeChange => {
    const set = setFor(author, typeOf(history))
    const { live, heads } = history.expected(mask)
    const keep: Record<string, string[]> = {}
    for (const reg of Object.keys(set)) {
      const writes = (live.get(reg) ?? []).map(({ by }) => by)
      const kept = author.random.sample(writes, author.random.between(0, writes.length))
      if (kept.length > 0) keep[reg] = kept.sort()
    }
    const kept = Object.keys(keep).length > 0 && { keep }
    return { ...placeOf(history), kind: 'update', parents: heads, set, ...kept }
  })
  return changes.length === 0
    ? creates(author)
    : [{ message: author.message(changes, { read }), allowed: USUAL }]
}

function resolves(author: Writing): Strange[] {
  const { rows, read } = pasts(author, 2)
  const changes = rows.map(({ history, mask }): StrangeChange => ({
    ...placeOf(history),
    kind: 'resolve',
    parents: history.expected(mask).heads,
    set: setFor(author, typeOf(history)),
  }))
  if (changes.length === 0) return creates(author)
  return [{ message: author.message(changes, { read }), allowed: [...USUAL, 'stale'] }]
}

/** Writes one entity on the condition that others have not changed. */
function expects(author: Writing): Strange[] {
  const { rows, read } = pasts(author, 3)
  const [first] = rows
  if (!first) return creates(author)
  const { history, mask } = first
  const change: StrangeChange = {
    ...placeOf(history),
    kind: 'update',
    parents: history.expected(mask).heads,
    set: setFor(author, typeOf(history)),
  }
  const message = author.message([change], { expect: rows, read })
  return [{ message, allowed: [...USUAL, 'precondition_failed'] }]
}

/** New entities, and second roots of those with supplied ids. */
function creates(author: Writing): Strange[] {
  const { random } = author
  const open = author.real ? [...OPEN_TYPES, Page] : OPEN_TYPES
  const types = random.sample<WorldType>(open, random.between(1, 2))
  const changes = types.map((type) => {
    const entityId = givenId(type, random) ?? author.entityIds.next()
    return creationOf(type, entityId, author)
  })
  // A reviewer that does not know the types refuses every second root.
  const allowed: FinalReason[] = types.some(({ options }) => options.idPolicy === 'supplied')
    ? ['entity_exists']
    : []
  // A create has seen nothing of the entity, however far its author has read.
  const read = random.chance(0.3) ? readAt(author, author.truth.seq) : undefined
  return [{ message: author.message(changes, { read }), allowed: [...USUAL, ...allowed] }]
}

function creationOf(type: WorldType, entityId: string, author: Writing): StrangeChange {
  const set = setFor(author, type, true)
  return { type: type.name, entityId, kind: 'create', parents: [], set }
}

/** Two messages of one number: at most one of them is accepted. */
function twice(author: Writing): Strange[] {
  const create = (): StrangeChange => creationOf(Task, author.entityIds.next(), author)
  const first = author.message([create()])
  const second = author.message([create()], { clientSeq: first.clientSeq })
  const allowed: FinalReason[] = [...USUAL, 'seq_reused']
  return author.random.shuffled([first, second]).map((message) => ({ message, allowed }))
}

/** A child on its parent, offered before it or in one flush with it. */
function tooEarly(author: Writing): Strange[] {
  const entityId = author.entityIds.next()
  const create = author.message([creationOf(Task, entityId, author)])
  const update = author.message([
    {
      type: Task.name,
      entityId,
      kind: 'update',
      parents: [create.clientSeq],
      set: setFor(author, Task),
    },
  ])
  const family = [create, update].map((message) => ({ message, allowed: USUAL }))
  return author.random.chance(0.7) ? family.reverse() : family
}

/** A child on a creation that is refused, as the same author has created the row before. */
function onRefused(author: Writing): Strange[] {
  const entityId = author.entityIds.next()
  const create = (): StrangeDraft => author.message([creationOf(Task, entityId, author)])
  const [first, second] = [create(), create()]
  const child = author.message([
    {
      type: Task.name,
      entityId,
      kind: 'update',
      parents: [second.clientSeq],
      set: setFor(author, Task),
    },
  ])
  // Where they are overtaken on the way, it is the first one that is refused.
  const allowed: FinalReason[] = [...USUAL, 'entity_exists']
  return [
    { message: first, allowed },
    { message: second, allowed },
    { message: child, allowed: USUAL },
  ]
}
