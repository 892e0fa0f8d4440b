/**
 * The content of a replica's storage, and how a batch changes it: the rules of the storage port as
 * plain data that can be copied. Without time, handles or faults.
 */
import type { Uuid } from '../base/uuid.ts'
import { type HeldStorage, applyToHeld, dropSettled } from '../ports/memory-batch.ts'
import {
  type Page,
  type StoredCheckpoint,
  DRAFT_KEYS,
  type StoredSegment,
  type StoredState,
  type WriteBatch,
  type Written,
  outboxOrder,
} from '../ports/storage.ts'

/** The spaces of one storage, separate from each other. Without a name: the first one. */
export class DiskSpaces {
  readonly #spaces: Map<Uuid, DiskState>

  constructor(spaces: Map<Uuid, DiskState> = new Map()) {
    this.#spaces = spaces
  }

  /** The state of a space, created when it is new. */
  of(space: Uuid | undefined): DiskState {
    const name = this.#nameOf(space)
    let state = this.#spaces.get(name)
    if (!state) this.#spaces.set(name, (state = new DiskState()))
    return state
  }

  read(space?: Uuid): StoredState {
    return (this.#spaces.get(this.#nameOf(space)) ?? new DiskState()).read()
  }

  /** The pages of a checkpoint, by number; undefined where it is not the stored one. */
  pages(space: Uuid | undefined, checkpoint: string): ReadonlyMap<number, Page> | undefined {
    const state = this.#spaces.get(this.#nameOf(space))
    return state?.read().checkpoint?.name === checkpoint ? state.pages : undefined
  }

  waiting(space?: Uuid): readonly string[] {
    return this.#spaces.get(this.#nameOf(space))?.waiting() ?? []
  }

  erase(space: Uuid | undefined): void {
    this.#spaces.delete(this.#nameOf(space))
  }

  copy(): DiskSpaces {
    return new DiskSpaces(new Map([...this.#spaces].map(([name, state]) => [name, state.copy()])))
  }

  /** As `DiskState.rot`, in the first space. */
  rot(record: DiskRecord, pick: (below: number) => number): string | undefined {
    return this.#spaces.get(this.#nameOf(undefined))?.rot(record, pick)
  }

  #nameOf(space: Uuid | undefined): Uuid {
    return space ?? this.#spaces.keys().next().value ?? ''
  }
}

/**
 * A kind of record that `rot` can damage: a segment by its kind, the canonical state, a key of the
 * outbox, or a record of `meta`: of a session, or of identity (keys, the personal id).
 */
export type DiskRecord =
  | StoredSegment['kind']
  | 'checkpoint'
  | 'keys'
  | 'advance'
  | 'outbox'
  | 'session'
  | 'identity'

const META: Readonly<Record<string, RegExp>> = {
  session: /^(session|opening):/,
  identity: /^(whoami|personalId|reviewerKey)/,
}

export class DiskState {
  #segments = new Map<string, StoredSegment>()
  #outbox = new Set<string>()
  #settled = new Map<string, number>()
  #meta = new Map<string, unknown>()
  #lastOrder = 0
  #advance: StoredState['advance']
  #checkpoint: StoredCheckpoint | undefined
  /** Of the checkpoint, by number; replaced, never changed. */
  #pages: ReadonlyMap<number, Page> = new Map()

  get pages(): ReadonlyMap<number, Page> {
    return this.#pages
  }

  copy(): DiskState {
    const copy = new DiskState()
    copy.#segments = new Map(this.#segments)
    copy.#outbox = new Set(this.#outbox)
    copy.#settled = new Map(this.#settled)
    copy.#meta = new Map(this.#meta)
    copy.#lastOrder = this.#lastOrder
    copy.#advance = this.#advance
    copy.#checkpoint = this.#checkpoint
    copy.#pages = this.#pages
    return copy
  }

  read(): StoredState {
    const segments = [...this.#segments.values()]
    return {
      segments,
      outbox: outboxOrder(segments, this.#outbox),
      settled: new Map(this.#settled),
      meta: new Map(this.#meta),
      advance: this.#advance,
      checkpoint: this.#checkpoint,
    }
  }

  waiting(): readonly string[] {
    const drafts = [...this.#segments.keys()].filter((key) => key.startsWith(DRAFT_KEYS))
    return [...this.#outbox, ...drafts].sort()
  }

  claim(key: string, value: unknown): unknown {
    if (!this.#meta.has(key)) this.#meta.set(key, value)
    return this.#meta.get(key)
  }

  apply(batch: WriteBatch): Written {
    const { advance, segments = [], checkpoint } = batch
    if (batch.reset) {
      this.#advance = undefined
      this.#checkpoint = undefined
      this.#pages = new Map()
      this.#dropTail(Number.POSITIVE_INFINITY)
      dropSettled(this.#held, Number.POSITIVE_INFINITY)
    }
    const stored = this.#advance?.rank ?? 0
    const isOld = advance && advance.rank <= stored
    const isGap = advance && !checkpoint && advance.fromRank > stored
    for (const segment of segments) {
      if (this.#segments.has(segment.key)) continue
      if (segment.kind === 'tail' && (isOld || isGap)) continue
      const order = ++this.#lastOrder
      this.#segments.set(segment.key, { ...segment, ids: [...segment.ids], order })
    }
    const last = segments.at(-1)
    const order = (last && this.#segments.get(last.key)?.order) ?? 0
    if (advance && !isOld && !isGap) this.#advance = { ...advance }
    const before = this.#checkpoint
    const isKnown = checkpoint !== undefined && checkpoint.name === before?.name
    const isNext =
      checkpoint !== undefined &&
      !isKnown &&
      checkpoint.rank > (before?.rank ?? 0) &&
      checkpoint.rank <= (this.#advance?.rank ?? 0) &&
      (checkpoint.base === undefined || checkpoint.base === before?.name)
    if (isNext) {
      const { base, pages, ...frame } = checkpoint
      const kept = base === undefined ? [] : this.#pages.values()
      this.#pages = new Map([...kept, ...pages].map((page) => [page.no, page]))
      this.#checkpoint = frame
      this.#dropTail(checkpoint.rank)
    }
    applyToHeld(batch, this.#held, this.#checkpoint?.rank ?? 0)
    return { order, isCheckpointStored: isKnown || isNext }
  }

  get #held(): HeldStorage {
    const [segments, outbox, settled] = [this.#segments, this.#outbox, this.#settled]
    return { segments, outbox, settled, meta: this.#meta }
  }

  /** Changes one character of one record of that kind, chosen by `pick`. Returns its key, if there is one. */
  rot(record: DiskRecord, pick: (below: number) => number): string | undefined {
    if (record === 'checkpoint') {
      if (!this.#checkpoint || this.#pages.size === 0) return undefined
      const at = pick(this.#pages.size + 1)
      const page = [...this.#pages.values()][at]
      if (page) this.#pages = withRotten(this.#pages, page, pick)
      else this.#checkpoint = { ...this.#checkpoint, head: altered(this.#checkpoint.head, pick) }
      return 'checkpoint'
    }
    if (record === 'keys') return this.#rotKeysOf(pick)
    if (record === 'advance') {
      if (!this.#advance) return undefined
      this.#advance = { ...this.#advance, text: altered(this.#advance.text, pick) }
      return 'advance'
    }
    if (record === 'outbox') return this.#rotKey([...this.#outbox], pick)
    const names = META[record]
    if (names)
      return this.#rotMeta(
        [...this.#meta.keys()].filter((key) => names.test(key)),
        pick,
      )
    const found = [...this.#segments.values()].filter(({ kind }) => kind === record)
    if (found.length === 0) return undefined
    const stored = found[pick(found.length)]!
    this.#segments.set(stored.key, { ...stored, text: altered(stored.text, pick) })
    return stored.key
  }

  /** Alters the keys of a page, or loses them. */
  #rotKeysOf(pick: (below: number) => number): string | undefined {
    const found = [...this.#pages.values()].filter(({ keys }) => keys)
    if (found.length === 0) return undefined
    const { keys, ...page } = found[pick(found.length)]!
    const text = altered(keys!.text, pick) // filtered above
    const rotten: Page = pick(4) === 0 ? page : { ...page, keys: { ...keys!, text } } // as above
    this.#pages = new Map(this.#pages).set(page.no, rotten)
    return 'keys'
  }

  #rotKey(keys: readonly string[], pick: (below: number) => number): string | undefined {
    const key = keys.length > 0 ? keys[pick(keys.length)]! : undefined
    if (key === undefined) return undefined
    this.#outbox.delete(key)
    this.#outbox.add(altered(key, pick))
    return key
  }

  #rotMeta(keys: readonly string[], pick: (below: number) => number): string | undefined {
    const key = keys.length > 0 ? keys[pick(keys.length)]! : undefined
    if (key !== undefined) this.#meta.set(key, rotten(this.#meta.get(key), pick))
    return key
  }

  #dropTail(throughRank: number): void {
    for (const { key, rank } of this.#segments.values()) {
      if (rank !== undefined && rank <= throughRank) this.#segments.delete(key)
    }
  }
}

/** The value with one of its strings altered, at any depth; null where it has none. */
function rotten(value: unknown, pick: (below: number) => number): unknown {
  if (typeof value === 'string') return altered(value, pick)
  if (typeof value !== 'object' || value === null) return null
  const names = Object.keys(value)
  if (names.length === 0) return null
  const name = names[pick(names.length)]!
  const copy: Record<string, unknown> = { ...value }
  copy[name] = rotten(copy[name], pick)
  return copy
}

/** The pages with one altered, or without it. */
function withRotten(
  pages: ReadonlyMap<number, Page>,
  page: Page,
  pick: (below: number) => number,
): ReadonlyMap<number, Page> {
  const left = new Map(pages)
  if (pick(4) === 0) left.delete(page.no)
  else left.set(page.no, { ...page, text: altered(page.text, pick) })
  return left
}

function altered(text: string, pick: (below: number) => number): string {
  const at = pick(text.length)
  const unit = text.charCodeAt(at) ^ (1 + pick(7))
  return text.slice(0, at) + String.fromCharCode(unit) + text.slice(at + 1)
}

/** The number of records that a batch writes; a torn write stops between two of them. */
export function recordsOf(batch: WriteBatch): number {
  const { segments, outboxAdd, meta, drop, checkpoint } = batch
  const lists = [segments, outboxAdd, batch.settled, meta, drop, checkpoint?.pages]
  const single = Number(batch.advance !== undefined) + Number(batch.checkpoint !== undefined)
  return lists.reduce((sum, list) => sum + (list?.length ?? 0), single)
}
