/**
 * The stored canonical state while it is read: a checkpoint, page by page, and the steps of the
 * tail after it.
 *
 * The rows that the steps or own messages write are applied first. All other rows equal their
 * stored form, so the keys of these pages determine exactly how they sort. The rule for queries
 * meanwhile is in `reads/opening.ts`.
 *
 * Stored text is untrusted. Keys that are damaged, missing or of another version of their page are
 * not used: then all pages are applied before anything is shown. A damaged page discards all of it.
 */
import { assert } from '../../base/assert.ts'
import { checksum } from '../../base/checksum.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Entry } from '../../history/entry.ts'
import type { StoredState } from '../../ports/storage.ts'
import { AbsentRows } from '../../query/absent.ts'
import type { Table } from '../../rows/table.ts'
import type { TailReader } from '../../sync/tail.ts'
import { SCHEMA } from '../../schema/system.ts'
import { readPosition } from '../../wire/frames.ts'
import { type PageEntity, readPage } from '../../wire/pages.ts'
import { type CheckpointHead, readCheckpoint } from './checkpoint.ts'
import { type StoredKeys, keyFields, readKeys, rowsOf, signatureOf } from './page-keys.ts'
import type { IncomingPages } from './incoming-pages.ts'
import { type RestoredCanonical, type StoredStep, stepsOf } from './restore.ts'
import { parsed } from './sound-state.ts'
import { type RowPage, StoredPages, digestOf } from './stored-pages.ts'

interface PagePlace extends Pick<RowPage, 'first' | 'ids'> {
  readonly type: string
}

export class StoredCanonical {
  readonly #tail: TailReader
  readonly #name: string | undefined
  readonly #incoming: IncomingPages | undefined
  readonly #head: CheckpointHead | undefined
  /** By page; undefined: the keys are not used. */
  readonly #keys: ReadonlyMap<number, StoredKeys> | undefined
  /** Of the tail, after the checkpoint. */
  readonly steps: readonly StoredStep[]
  /** Pages that were not applied yet. */
  readonly #left: Set<number>
  readonly #absent = new Map<Table, AbsentRows>()
  readonly #read: (Pick<RowPage, 'no' | 'check'> & { readonly place: PagePlace | undefined })[] = []
  readonly #entries: Entry[] = []
  /** Rows of which values were erased in the steps. */
  readonly #erased = new Map<Uuid, string>()

  private constructor(
    { checkpoint }: StoredState,
    tail: TailReader,
    found: {
      readonly incoming: IncomingPages | undefined
      readonly head: CheckpointHead | undefined
      readonly steps: readonly StoredStep[]
    },
  ) {
    this.#tail = tail
    this.#name = checkpoint?.name
    this.#incoming = found.incoming
    this.#head = found.head
    this.steps = found.steps
    this.#keys = found.head && found.incoming && soundKeys(found.incoming, found.head)
    this.#left = new Set(found.incoming?.numbers)
  }

  /** Reads head and steps; undefined where one is missing or damaged. `incoming` has begun. */
  static read(
    state: StoredState,
    tail: TailReader,
    incoming: IncomingPages | undefined,
  ): StoredCanonical | undefined {
    const { checkpoint, segments, advance } = state
    const head = checkpoint && readCheckpoint(checkpoint)
    if (checkpoint && (!head || !incoming)) return undefined
    const steps = stepsOf(segments, tail, head)
    const end = steps?.at(-1)?.plan.position ?? head?.position
    const position = advance && readPosition(parsed(advance.text))
    if (!steps || (end?.seq ?? 0) !== (position?.seq ?? 0)) return undefined
    return new StoredCanonical(state, tail, { incoming, head, steps })
  }

  /** Whether every page was applied. */
  get isWhole(): boolean {
    return this.#left.size === 0
  }

  /**
   * The pages to apply before anything is shown: those with rows that `others` or the steps write.
   */
  firstPages(others: ReadonlySet<Uuid>): readonly number[] {
    if (!this.#keys) return this.allPages()
    const touched = new Set(others)
    for (const { plan } of this.steps) {
      for (const { entry } of plan.acceptances)
        for (const { entityId } of entry.writes) touched.add(entityId)
      for (const { batch } of plan.read) if (batch.redact) touched.add(batch.redact.entityId)
    }
    return this.allPages().filter((no) =>
      this.#keysOf(no).types.some(
        ({ type, ids }) => type === SCHEMA.name || ids.some((id) => touched.has(id)),
      ),
    )
  }

  allPages(): readonly number[] {
    return [...this.#left]
  }

  /** Resolves when these pages were read, or cannot be read. */
  async wait(pages: Iterable<number>): Promise<void> {
    await this.#incoming?.want(pages)
  }

  /** Applies the first pages and all steps. Returns false where a part is damaged. */
  begin(pages: readonly number[]): boolean {
    if (this.#head) this.#tail.resume(this.#head.position)
    for (const no of pages) if (!this.take(no)) return false
    if (!this.#keys && this.#head && digestOf(this.#read) !== this.#head.digest) return false
    for (const { plan } of this.steps) {
      const { entries, erased } = this.#tail.apply(plan)
      this.#entries.push(...entries)
      for (const [id, type] of erased) this.#erased.set(id, type)
    }
    return true
  }

  /** Applies a page that was read. Returns false where it is damaged or missing. */
  take(no: number): boolean {
    const page = this.#incoming?.takeOut(no)
    if (!page || typeof page.text !== 'string' || checksum(page.text) !== page.check) return false
    if (this.#keys && this.#keysOf(no).of !== page.check) return false
    const read = readPage(page.text)
    if (!read.ok) return false
    this.#tail.load(read.value)
    this.#read.push({ no, check: page.check, place: placeOf(read.value) })
    this.#left.delete(no)
    for (const rows of this.#absent.values()) rows.delete(no)
    return true
  }

  /**
   * Waits for a page that was read and not applied, and resolves to its number; undefined: there is
   * none.
   */
  async nextPage(): Promise<number | undefined> {
    const here = this.#incoming?.anyHere()
    if (here !== undefined) return here
    const [next] = this.#left
    if (next !== undefined) await this.wait([next])
    return this.#incoming?.anyHere()
  }

  /**
   * The rows of the table that were not applied yet. Called after `begin`, which reads the schema.
   */
  absentOf(table: Table): AbsentRows {
    let rows = this.#absent.get(table)
    if (!rows) this.#absent.set(table, (rows = this.#absentRows(table)))
    return rows
  }

  /** Rows of which values were erased in the steps, with their types. */
  get erased(): ReadonlyMap<Uuid, string> {
    return this.#erased
  }

  /** The base of the next checkpoint. Called when every page was applied. */
  restored(tableNamed: (type: string) => Table): RestoredCanonical {
    assert(this.isWhole, 'a stored state is continued when all of it is here')
    const entries = this.#entries
    const { erased } = this
    if (this.#name === undefined) return { stored: undefined, entries, erased }
    const isCurrent = [...(this.#keys?.values() ?? [])].every(({ types }) =>
      types.every(({ type, signature }) => signature === signatureOf(tableNamed(type))),
    )
    // Otherwise the next checkpoint writes all pages, with keys.
    const isContinued = this.#head?.isSorted === true && this.#keys && isCurrent
    const pages = isContinued ? this.#storedPages() : undefined
    return { stored: { checkpoint: this.#name, pages }, entries, erased }
  }

  #absentRows(table: Table): AbsentRows {
    assert(this.#keys || this.isWhole, 'without keys all pages are applied first')
    const absent = new AbsentRows(keyFields(table))
    const signature = signatureOf(table)
    for (const no of this.#left) {
      const group = this.#keysOf(no).types.find(({ type }) => type === table.entity.name)
      if (!group) continue
      const isKnown = group.signature === signature
      absent.add(no, isKnown ? rowsOf(group, table) : [], isKnown && group.opaque.length === 0)
    }
    return absent
  }

  /** The page index; undefined where a page has no rows. */
  #storedPages(): StoredPages | undefined {
    const all = new StoredPages()
    for (const { no, check, place } of this.#read) {
      if (!place) return undefined
      const { type, first, ids } = place
      all.add(type, { no, check, first, ids })
    }
    return all
  }

  #keysOf(no: number): StoredKeys {
    const keys = this.#keys?.get(no)
    assert(keys, 'keys are used where every page has some')
    return keys
  }
}

/** The entry of a page in the page index; undefined for a page without rows. */
function placeOf(entities: readonly PageEntity[]): PagePlace | undefined {
  const [first] = entities
  const root = first?.writes[0]
  if (!first || !root) return undefined
  const place = { seq: root.message.review.seq, index: root.index }
  return { type: first.type, first: place, ids: entities.map(({ id }) => id) }
}

/** The keys of all pages of this checkpoint; undefined where some are damaged, missing or outdated. */
function soundKeys(
  { numbers, keys }: IncomingPages,
  { digest }: CheckpointHead,
): ReadonlyMap<number, StoredKeys> | undefined {
  const sound = new Map<number, StoredKeys>()
  for (const no of numbers) {
    const stored = keys.get(no)
    const read = stored && readKeys(stored)
    if (!read) return undefined
    sound.set(no, read)
  }
  const checks = [...sound].map(([no, { of }]) => ({ no, check: of }))
  return digestOf(checks) === digest ? sound : undefined
}
