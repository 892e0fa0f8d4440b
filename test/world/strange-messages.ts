/**
 * What a stranger writes: well-formed messages that no store would make, each with the reasons
 * for which the reviewer may refuse it. Whatever it may be refused for it may also be accepted
 * for: when, is the business of the invariants at the commit.
 */
import type {
  Change,
  EntityIds,
  FinalReason,
  Json,
  Message,
  MessageHeader,
} from '@countersign/core/message'
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
import type { Truth } from './truth.ts'

/** The author as this file needs it. */
export interface Writing extends ValueSource {
  /** How much of what it writes is on what was long overtaken. */
  readonly latePart: number
  readonly truth: Truth
  readonly entityIds: EntityIds
  message(
    changes: readonly Change[],
    more?: { clientSeq?: number; expect?: MessageHeader['expect'] },
  ): Message
  change(
    meta: Omit<Change['meta'], 'schemaVersion' | 'regs'>,
    set: Readonly<Record<string, Json>>,
  ): Change
}

export interface Strange {
  readonly message: Message
  readonly allowed: readonly FinalReason[]
}

/** Reasons that anybody may meet who writes on what others write on. */
export const USUAL: readonly FinalReason[] = ['too_large', 'parent_rejected']

export function strangeMessage(author: Writing): readonly Strange[] {
  const makers = [updates, updates, keeps, resolves, expects, creates, creates, twice, tooEarly]
  return author.random.pick(makers)(author)
}

/** Entities with something accepted, each at some moment of the past. */
function pasts(author: Writing, most: number): { history: EntityHistory; mask: bigint }[] {
  const { truth, random } = author
  const seq = random.chance(author.latePart) ? random.below(truth.seq + 1) : truth.seq
  const known = [...truth.facts.entities()].filter(
    (history) => isOpenType(history) && history.acceptedAt(seq) !== 0n,
  )
  return random
    .sample(known, random.between(1, most))
    .map((history) => ({ history, mask: history.acceptedAt(seq) }))
}

/** Strangers leave alone what a workload counts on. */
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

/** All heads of that moment, or only some of them. */
function parentsAt(author: Writing, history: EntityHistory, mask: bigint): readonly string[] {
  const { heads } = history.expected(mask)
  return author.random.chance(0.8) ? heads : [author.random.pick(heads)]
}

function updates(author: Writing): Strange[] {
  const changes = pasts(author, 3).map(({ history, mask }) =>
    author.change(
      {
        type: history.type,
        entityId: history.id,
        kind: 'update',
        parentCanonicalIds: parentsAt(author, history, mask),
      },
      // Without a value it says no more than that its author has seen its parents.
      author.random.chance(0.12) ? {} : setFor(author, typeOf(history)),
    ),
  )
  return changes.length === 0
    ? creates(author)
    : [{ message: author.message(changes), allowed: USUAL }]
}

/** Leaves some of what stands where it writes. */
function keeps(author: Writing): Strange[] {
  const changes = pasts(author, 2).map(({ history, mask }) => {
    const set = setFor(author, typeOf(history))
    const { live, heads } = history.expected(mask)
    const keep: Record<string, string[]> = {}
    for (const reg of Object.keys(set)) {
      const writes = (live.get(reg) ?? []).map(({ by }) => by)
      const kept = author.random.sample(writes, author.random.between(0, writes.length))
      if (kept.length > 0) keep[reg] = kept.sort()
    }
    return author.change(
      {
        type: history.type,
        entityId: history.id,
        kind: 'update',
        parentCanonicalIds: heads,
        ...(Object.keys(keep).length > 0 && { keep }),
      },
      set,
    )
  })
  return changes.length === 0
    ? creates(author)
    : [{ message: author.message(changes), allowed: USUAL }]
}

function resolves(author: Writing): Strange[] {
  const changes = pasts(author, 2).map(({ history, mask }) =>
    author.change(
      {
        type: history.type,
        entityId: history.id,
        kind: 'resolve',
        parentCanonicalIds: history.expected(mask).heads,
      },
      setFor(author, typeOf(history)),
    ),
  )
  if (changes.length === 0) return creates(author)
  return [{ message: author.message(changes), allowed: [...USUAL, 'stale'] }]
}

/** Writes one entity on the condition that others have not changed. */
function expects(author: Writing): Strange[] {
  const [first, ...others] = pasts(author, 3)
  if (!first) return creates(author)
  const { history, mask } = first
  const parents = history.expected(mask).heads
  const change = author.change(
    { type: history.type, entityId: history.id, kind: 'update', parentCanonicalIds: parents },
    setFor(author, typeOf(history)),
  )
  const expect = [first, ...others]
    .map((past) => ({
      entityId: past.history.id,
      heads: [...past.history.expected(past.mask).heads],
    }))
    .sort((a, b) => (a.entityId < b.entityId ? -1 : 1))
  return [
    { message: author.message([change], { expect }), allowed: [...USUAL, 'precondition_failed'] },
  ]
}

/** New entities, and second roots of those whose ids anybody may give. */
function creates(author: Writing): Strange[] {
  const { random } = author
  const open = author.real ? [...OPEN_TYPES, Page] : OPEN_TYPES
  const types = random.sample<WorldType>(open, random.between(1, 2))
  const changes = types.map((type) => {
    const entityId = givenId(type, random) ?? author.entityIds.next()
    return author.change(
      { type: type.name, entityId, kind: 'create', parentCanonicalIds: [] },
      setFor(author, type, true),
    )
  })
  // A reviewer that does not know the types takes every second root for a mistake.
  const allowed: FinalReason[] = types.some(({ options }) => options.idPolicy === 'supplied')
    ? ['entity_exists']
    : []
  return [{ message: author.message(changes), allowed: [...USUAL, ...allowed] }]
}

/** Two messages of one number: at most one of them is accepted. */
function twice(author: Writing): Strange[] {
  const create = (): Change => {
    const entityId = author.entityIds.next()
    return author.change(
      { type: Task.name, entityId, kind: 'create', parentCanonicalIds: [] },
      setFor(author, Task, true),
    )
  }
  const first = author.message([create()])
  const second = author.message([create()], { clientSeq: first.header.clientSeq })
  const allowed: FinalReason[] = [...USUAL, 'seq_reused']
  return author.random.shuffled([first, second]).map((message) => ({ message, allowed }))
}

/** A child that is offered before its parent. */
function tooEarly(author: Writing): Strange[] {
  const entityId = author.entityIds.next()
  const create = author.message([
    author.change(
      { type: Task.name, entityId, kind: 'create', parentCanonicalIds: [] },
      setFor(author, Task, true),
    ),
  ])
  const place = {
    type: Task.name,
    entityId,
    kind: 'update',
    parentCanonicalIds: [create.id],
  } as const
  const update = author.message([author.change(place, setFor(author, Task))])
  return [
    { message: update, allowed: USUAL },
    { message: create, allowed: USUAL },
  ]
}
