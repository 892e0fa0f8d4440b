/**
 * The provisional record of own messages: what was written, stored in the very turn of the write,
 * before it has an id, a hash or a seal. The flush that seals it takes its place (§6).
 *
 *   record  {authorId, sessionId, personalCommit, drafts}
 *   draft   [clientSeq, timestamp, changes, expect | 0, seen, bases | 0]
 *   change  [type, entityId, kind, version, regs, values, parents, salt, keep | 0, sid | 0, own | 0]
 *   ref     the id of a message, or the clientSeq of one of this session that had none yet
 *
 * A record holds all that the id is made of, the salt included. So whoever finishes it makes the
 * very message that its author would have made, and doing so twice is harmless.
 */
import { assert } from '../base/assert.ts'
import { checksum } from '../base/checksum.ts'
import type { Hash } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Entry, Write } from '../history/entry.ts'
import { basesUnder } from '../fold/base.ts'
import type {
  Bases,
  Change,
  ChangeKind,
  Expectation,
  Message,
  OwnSpan,
  Seen,
} from '../message/message.ts'
import { type SessionFacts, messageOf } from '../messaging/materialize.ts'
import { packBases, readBases } from '../protocol/bases.ts'
import { DRAFT_KEYS, type StoredState } from '../ports/storage.ts'

type Ref = Uuid | number

type DraftChange = readonly [
  type: string,
  entityId: Uuid,
  kind: ChangeKind,
  version: number,
  regs: readonly string[],
  values: readonly Json[],
  parents: readonly Ref[],
  salt: string,
  keep: Readonly<Record<string, readonly Ref[]>> | 0,
  sid: Uuid | 0,
  own: readonly OwnSpan[] | 0,
]

/** The commitment of a record that was written before its author's personal id was known. */
export const UNBOUND = ''

export type Draft = readonly [
  clientSeq: number,
  timestamp: number,
  changes: readonly DraftChange[],
  expect: readonly Expectation[] | 0,
  seen: Seen,
  /** What its author saw in the registers, by change; not part of the message. */
  bases: Json,
]

export interface DraftRecord {
  readonly authorId: Uuid
  readonly sessionId: Uuid
  readonly personalCommit: Hash
  readonly drafts: readonly Draft[]
}

/** One draft as JSON. `salts` are those that its message will have. */
export function draftText(
  entry: Entry,
  salts: readonly string[],
  mintedIn: (entityId: Uuid) => Uuid | undefined,
): string {
  const changes = entry.writes.map((write, i): DraftChange => [
    write.type,
    write.entityId,
    write.kind,
    write.version,
    write.regs.names,
    write.regs.names.map((reg) => write.values[reg]!),
    write.parents.map(refOf),
    salts[i]!,
    write.keep
      ? Object.fromEntries([...write.keep].map(([reg, kept]) => [reg, kept.map(refOf)]))
      : 0,
    (write.kind === 'create' && mintedIn(write.entityId)) || 0,
    write.own ?? 0,
  ])
  assert(entry.seen, 'a draft says what its author had seen')
  const { clientSeq, timestamp, expect, seen } = entry
  const draft: Draft = [clientSeq, timestamp, changes, expect ?? 0, seen, basesJson(entry)]
  return JSON.stringify(draft)
}

/** What is known of the registers before them, as it is stored beside pending writes; 0 where nothing is. */
export function basesJson({ writes }: Entry): Json {
  const all = writes.map((write) => basesUnder(write) ?? NO_BASES)
  return all.some((bases) => Object.keys(bases).length > 0) ? packBases(all) : 0
}

/** What `basesJson` wrote, for a message of so many changes; undefined where it is damaged or nothing. */
export function readStoredBases(packed: unknown, changes: number): readonly Bases[] | undefined {
  return packed === 0 ? undefined : readBases(packed, changes)
}

const NO_BASES: Bases = Object.freeze({})

/** What has no id yet is of this session; asking would make one, and this must stay cheap. */
function refOf(named: Write | Uuid): Ref {
  if (typeof named === 'string') return named
  const { entry } = named
  return entry.identified ? entry.id : entry.clientSeq
}

export function recordText(facts: Omit<DraftRecord, 'drafts'>, drafts: readonly string[]): string {
  const { authorId, sessionId, personalCommit } = facts
  return `${JSON.stringify({ authorId, sessionId, personalCommit }).slice(0, -1)},"drafts":[${drafts.join(',')}]}`
}

export interface StoredDrafts extends DraftRecord {
  readonly key: string
}

export function draftKey(sessionId: Uuid, clientSeq: number): string {
  return `${DRAFT_KEYS}${sessionId}:${clientSeq}`
}

/** The session that a record of this key belongs to; undefined when it is not one. */
export function draftSessionOf(key: string): Uuid | undefined {
  return key.startsWith(DRAFT_KEYS) ? key.slice(DRAFT_KEYS.length, key.lastIndexOf(':')) : undefined
}

/** The records of drafts that check. */
export function readDrafts({ segments }: StoredState): StoredDrafts[] {
  return segments.flatMap(({ kind, key, text, check }) =>
    kind === 'draft' && checksum(text) === check
      ? [{ ...(JSON.parse(text) as DraftRecord), key }]
      : [],
  )
}

/**
 * The message of a draft; undefined when it names one of its session that is unknown.
 * `idOf` says the id of the message of that number in the same session.
 */
export function finishedDraft(
  [clientSeq, timestamp, changes, expect, seen]: Draft,
  facts: SessionFacts,
  idOf: (clientSeq: number) => Uuid | undefined,
): Message | undefined {
  let isWhole = true
  const ids = (refs: readonly Ref[]): readonly Uuid[] => {
    const found = refs.map((ref) => (typeof ref === 'number' ? idOf(ref) : ref))
    if (found.includes(undefined)) isWhole = false
    return (found as Uuid[]).sort()
  }
  const made = changes.map((change) => changeOf(change, ids))
  return isWhole
    ? messageOf(
        { clientSeq, timestamp, seen, expect: expect === 0 ? undefined : expect },
        facts,
        made,
      )
    : undefined
}

function changeOf(
  [type, entityId, kind, schemaVersion, regs, values, parents, salt, keep, sid, own]: DraftChange,
  ids: (refs: readonly Ref[]) => readonly Uuid[],
): Change {
  const meta = {
    type,
    entityId,
    ...(sid !== 0 && { sid }),
    kind,
    schemaVersion,
    parentCanonicalIds: ids(parents),
    ...(own !== 0 && { own }),
    regs,
    ...(keep !== 0 && {
      keep: Object.fromEntries(Object.entries(keep).map(([reg, refs]) => [reg, ids(refs)])),
    }),
  }
  return { meta, values, salt }
}
