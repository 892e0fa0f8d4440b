/**
 * One snapshot of a space for all links that request one within some time: its pages are encoded,
 * hashed and signed once, and each link reads them at its own pace.
 *
 *   scan open ──▶ all pages made and kept: scan closed ──▶ over
 *       └── no room to keep all: runs of pages are encoded again, until the last reader leaves ──▶ over
 *
 * A kept snapshot is over when it has no reader after `SHARED_MS`; every snapshot is over after
 * `READ_MS`, so that a slow reader does not hold disk space or memory for ever.
 */
import { assert } from '../base/assert.ts'
import type { Hash } from '../base/hash.ts'
import type { Position } from '../facts/message.ts'
import type { Clock } from '../ports/clock.ts'
import type { StateScan } from '../ports/space-store.ts'
import type { HeldPages, PagesOwner } from '../review/held-pages.ts'
import { pageHash, pageName } from '../wire/signed.ts'
import { type PageRun, type PagesParts, runOfPages } from './snapshot-pages.ts'

/** Time in which links may join. */
export const SHARED_MS = 600_000
/** Time in which links may read. */
export const READ_MS = 3_600_000

export interface SharedSnapshotParts extends PagesParts {
  readonly clock: Clock
  readonly held: HeldPages
  /** Signs the pages (rule SNAP6). */
  readonly sign: (at: Position, pages: readonly Hash[]) => Promise<string>
  readonly onOver: () => void
}

interface Run {
  readonly from: string | undefined
  /** The number of its first page. */
  readonly first: number
  readonly count: number
}

export class SharedSnapshot implements PagesOwner {
  readonly at: Position
  readonly entities: number
  readonly #parts: SharedSnapshotParts
  /** Undefined when all pages are kept. */
  #scan: StateScan | undefined
  readonly #runs: Run[] = []
  /** Of the pages made so far. */
  readonly #hashes: Hash[] = []
  /** Key of the first run that was not made yet; undefined after the last. */
  #next: { readonly from: string | undefined } | undefined = { from: undefined }
  /** Runs are made one at a time, so only one is in memory beside the kept ones. */
  #turn: Promise<void> = Promise.resolve()
  #sig: Promise<string> | undefined
  #readers = 0
  /** Whether `#makeAhead` is running. */
  #isAhead = true
  #isOld = false
  #isOver = false
  /** The error of the store that ended it. */
  #fault: { readonly error: unknown } | undefined
  #cancelTimer: () => void

  constructor(at: Position, scan: StateScan, parts: SharedSnapshotParts) {
    this.at = at
    this.entities = scan.entities
    this.#scan = scan
    this.#parts = parts
    this.#cancelTimer = parts.clock.after(SHARED_MS, () => this.#grewOld())
    void this.#makeAhead()
  }

  get isPinned(): boolean {
    return this.#scan === undefined && this.#readers > 0
  }

  get hasScan(): boolean {
    return this.#scan !== undefined && !this.#isOver
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Whether another link may join. */
  get isOpen(): boolean {
    return !this.#isOver && !this.#isOld && (this.#scan !== undefined || this.#isKept)
  }

  get #isKept(): boolean {
    return this.#runs.every((run) => this.#parts.held.has(run))
  }

  /** Of all pages; called when all are made. */
  get hashes(): readonly Hash[] {
    assert(!this.#next, 'all pages have been made')
    return this.#hashes
  }

  /** The signature, the same for all readers. */
  signature(): Promise<string> {
    this.#sig ??= this.#parts.sign(this.at, this.hashes)
    this.#sig.catch(() => (this.#sig = undefined))
    return this.#sig
  }

  /** Adds a reader, who must call `leave`. Returns false if it is over. */
  join(): boolean {
    if (!this.isOpen) return false
    this.#readers++
    return true
  }

  leave(): void {
    this.#readers--
    this.#endIfUnread()
  }

  /**
   * The text of a page by its number, from 0; undefined after the last one, and when it is over.
   * Rejects if the store cannot be read.
   */
  async page(no: number): Promise<string | undefined> {
    const run = await this.#runOf(no)
    return run && (await this.#texts(run))?.[no - run.first]
  }

  /** The name of a page in a `want`; undefined if there is no such page. */
  async name(no: number): Promise<string | undefined> {
    await this.#runOf(no)
    const hash = this.#hashes[no]
    return hash && pageName(hash)
  }

  /** Number of these pages among those made so far. */
  countOf(names: ReadonlySet<string>): number {
    return this.#hashes.filter((hash) => names.has(pageName(hash))).length
  }

  async #runOf(no: number): Promise<Run | undefined> {
    while (!this.#isOver) {
      const run = this.#runs.findLast(({ first }) => first <= no)
      if (run && no < run.first + run.count) return run
      if (!this.#next) return undefined
      await this.#more(this.#runs.length)
    }
    if (this.#fault) throw this.#fault.error
    return undefined
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancelTimer()
    for (const run of this.#runs) this.#parts.held.delete(run)
    const scan = this.#scan
    // After the running read. A scan that cannot be closed is closed with its store.
    this.#inTurn(async () => scan?.close()).catch(() => {})
    this.#parts.onOver()
  }

  /** Makes all pages while there is room to keep them, so that slow readers do not keep the scan open. */
  async #makeAhead(): Promise<void> {
    try {
      while (!this.#isOver && this.#next && this.#isKept) await this.#more(this.#runs.length)
    } catch {
      // It is over, and `#fault` is thrown to its readers.
    }
    this.#isAhead = false
    this.#endIfUnread()
  }

  /** Makes run number `count`, unless a concurrent call has made it. */
  async #more(count: number): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#runs.length !== count || !this.#next || this.#isOver) return
      const { from } = this.#next
      const { texts, next } = await this.#make(from)
      const run = { from, first: this.#hashes.length, count: texts.length }
      this.#runs.push(run)
      this.#hashes.push(...texts.map(pageHash))
      this.#next = next === undefined ? undefined : { from: next }
      await this.#keep(run, texts)
    })
  }

  async #texts(run: Run): Promise<readonly string[] | undefined> {
    const { held } = this.#parts
    return (
      held.get(run) ??
      this.#inTurn(async () => {
        if (this.#isOver) return undefined
        const found = held.get(run)
        if (found) return found
        const { texts } = await this.#make(run.from)
        await this.#keep(run, texts)
        return texts
      })
    )
  }

  async #make(from: string | undefined): Promise<PageRun> {
    assert(this.#scan, 'pages that are not kept are read from the scan')
    try {
      return await runOfPages(this.#scan, from, this.#parts)
    } catch (error) {
      if (!this.#isOver) this.#fault = { error }
      this.end()
      throw error
    }
  }

  async #keep(run: Run, texts: readonly string[]): Promise<void> {
    const { held, clock } = this.#parts
    if (this.#isOver) return
    held.keep(run, texts, this)
    if (!this.#next && this.#isKept) {
      const scan = this.#scan
      this.#scan = undefined
      await scan?.close()
    }
    // Yields between two runs.
    await new Promise<void>((resolve) => void clock.after(0, resolve))
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.then(
      () => {},
      () => {},
    )
    return done
  }

  #grewOld(): void {
    this.#isOld = true
    this.#cancelTimer = this.#parts.clock.after(READ_MS - SHARED_MS, () => this.end())
    this.#endIfUnread()
  }

  #endIfUnread(): void {
    const isOfUse = !this.#isOld && (this.#scan === undefined || this.#isAhead)
    if (this.#readers === 0 && !isOfUse) this.end()
  }
}
