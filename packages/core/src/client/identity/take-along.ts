/**
 * Moves own work from one partition of a storage to another: messages written before the person signed in.
 * Messages go as they were signed, with their keys, so their ids, authors and history stay; the rows of
 * the reviewer go along where the other partition has none.
 *
 *   noted (`movesTo`) ─▶ copied, strictly ─▶ erased
 *
 * Each step can be repeated: a crash between them is made up for by the next opening of either partition.
 */
import type { Uuid } from '../../base/uuid.ts'
import {
  type Page,
  type StorageHandle,
  type StoredState,
  type WriteBatch,
  allPages,
} from '../../ports/storage.ts'
import type { Disk } from '../disk/disk.ts'
import { draftSessionOf } from '../disk/drafts.ts'
import { CLAIM, isOpening } from '../disk/sound-state.ts'
import { isStoredWhoami, isWhoami, nameOfKeys } from './stored-whoami.ts'
import { noteMove } from './partitions.ts'

/** Records that are about the person of a partition, or about the partition. */
const LEFT: ReadonlySet<string> = new Set(['me', 'personalId', 'movesTo', 'lastPartition'])
/** Records that come with the rows of the reviewer. */
const OF_REVIEWER: ReadonlySet<string> = new Set(['reviewerKey', 'reviewerKey:check', 'lineage'])

export interface Taking {
  readonly from: Disk
  readonly to: Disk
  /** The name of `to`. */
  readonly partition: Uuid
  /** Where `to` keeps its key. */
  readonly whoami: string
  /** Tells other tabs to close `from`. */
  readonly tell: () => void
  /** Holds the lock of a session; false: it is open in another tab, which does not close. */
  readonly hold: (sessionId: Uuid) => Promise<boolean>
}

/** Resolves to whether nothing is left: false where a session is open elsewhere, or a storage fails. */
export async function takeAlong({
  from,
  to,
  partition,
  whoami,
  tell,
  hold,
}: Taking): Promise<boolean> {
  try {
    const first = await from.call((handle) => handle.read())
    tell()
    if (isEmpty(first)) return true
    if (!(await holdAll(first, hold)) || !(await noteMove(from, partition))) return false
    // Another tab has stored what was just typed there, and closed.
    const state = await from.call((handle) => handle.read())
    const present = await to.call((handle) => handle.read())
    const pages = await from.call((handle) => pagesOf(handle, state))
    if (!pages) return false
    const batch = moved(state, { present, pages, whoami })
    await to.call((handle) => handle.write(batch))
    await from.erase()
    return true
  } catch {
    return false // it is all still there, and the next opening tries again
  }
}

/** Whether the partition has no own work. */
function isEmpty({ segments }: StoredState): boolean {
  return segments.every(({ kind }) => kind === 'tail')
}

async function holdAll({ outbox, segments }: StoredState, hold: Taking['hold']): Promise<boolean> {
  const drafts = segments.filter(({ kind }) => kind === 'draft').map(({ key }) => key)
  for (const key of [...outbox, ...drafts]) {
    const sessionId = draftSessionOf(key) ?? key.slice(0, key.lastIndexOf(':'))
    if (!(await hold(sessionId))) return false
  }
  return true
}

async function pagesOf(
  handle: StorageHandle,
  { checkpoint }: StoredState,
): Promise<readonly Page[] | undefined> {
  return checkpoint ? allPages(handle, checkpoint.name) : []
}

interface Target {
  readonly present: StoredState
  readonly pages: readonly Page[]
  readonly whoami: string
}

function moved(state: StoredState, { present, pages, whoami }: Target): WriteBatch {
  const takesRows = !present.advance && !present.checkpoint && present.segments.length === 0
  const { advance, checkpoint } = state
  const waits = state.outbox.length > 0 || state.segments.some(({ kind }) => kind === 'draft')
  return {
    durability: 'strict',
    segments: state.segments.filter(({ kind }) => takesRows || kind !== 'tail'),
    outboxAdd: state.outbox,
    meta: [...metaOf(state, takesRows), ...(waits ? keyOf(state, present, whoami) : [])],
    ...(takesRows && advance && { advance: { ...advance, fromRank: 0 } }),
    ...(takesRows && checkpoint && { checkpoint: { ...checkpoint, pages } }),
  }
}

function metaOf({ meta }: StoredState, takesRows: boolean): (readonly [string, unknown])[] {
  const claims = new Map<Uuid, unknown>()
  const kept = [...meta].flatMap(([key, value]): (readonly [string, unknown])[] => {
    if (isOpening(value)) claims.set(value.authorId, value)
    if (LEFT.has(key) || (OF_REVIEWER.has(key) && !takesRows)) return []
    return [[isWhoami(key) ? nameOf(key, value) : key, value]]
  })
  return [...kept, ...[...claims].map(([id, opening]) => [CLAIM + id, opening] as const)]
}

/**
 * A write that depends on a waiting message is made by the key that wrote that message: with another key
 * it would reveal to all readers that both keys are one person's. So the old key writes on until no
 * message waits.
 */
function keyOf(
  { meta }: StoredState,
  present: StoredState,
  whoami: string,
): (readonly [string, unknown])[] {
  const known = [...meta].flatMap(([key, value]) =>
    isWhoami(key) && isStoredWhoami(value) ? [value] : [],
  )
  const last = known.sort((a, b) => a.madeAt - b.madeAt).at(-1)
  if (!last) return []
  const own = present.meta.get(whoami)
  const kept = own === undefined ? [] : [[nameOf(whoami, own), own] as const]
  return [...kept, [whoami, { ...last, isLeaving: true }]]
}

/** The name of a key that is not in use. A damaged one is kept aside. */
function nameOf(key: string, value: unknown): string {
  return isStoredWhoami(value) ? nameOfKeys(value) : `damaged:${key}`
}
