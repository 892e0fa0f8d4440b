/**
 * The pages of one stored checkpoint while the storage reads them: pages with a waiter first, then
 * all others.
 */
import type { Page, PageKeys, PageReading } from '../../ports/storage.ts'

/**
 * Pages read at once while no caller waits: few at first, because a caller may ask for others next.
 */
const BULK_PAGES_MIN = 2
/** About 1 MB. */
const BULK_PAGES_MAX = 16

interface Waiter {
  readonly numbers: Set<number>
  readonly resolve: () => void
}

export class IncomingPages implements PageReading {
  numbers: readonly number[] = []
  keys: ReadonlyMap<number, PageKeys> = new Map()
  /** Pages that were read and not consumed. */
  readonly #here = new Map<number, Page>()
  /** Numbers that were not requested from the storage. */
  readonly #left = new Set<number>()
  readonly #first: (incoming: IncomingPages) => readonly number[]
  #wanted: number[] = []
  #waiters: Waiter[] = []
  #onBegin: ((begun: boolean) => void) | undefined
  #bulkPages = BULK_PAGES_MIN
  #hasBegun = false
  #isEnded = false
  #isBroken = false

  /** `first`: the pages to read first; called when the keys are known. */
  constructor(first: (incoming: IncomingPages) => readonly number[]) {
    this.#first = first
  }

  /** Whether the storage has failed before all pages were read. */
  get isBroken(): boolean {
    return this.#isBroken
  }

  /** Resolves to whether the reading has begun, or ended without a beginning. */
  begun(reading: Promise<boolean | undefined>): Promise<boolean> {
    const begun = this.#hasBegun
      ? Promise.resolve(true)
      : new Promise<boolean>((resolve) => (this.#onBegin = resolve))
    void reading.then((isStored) => this.#end(isStored))
    return begun
  }

  begin({ numbers, keys }: Parameters<PageReading['begin']>[0]): void {
    this.numbers = numbers
    this.keys = keys
    for (const no of numbers) this.#left.add(no)
    this.#hasBegun = true
    this.#wanted.push(...this.#first(this))
    this.#onBegin?.(true)
  }

  next(): readonly number[] {
    const wanted = this.#wanted.filter((no) => this.#left.delete(no))
    this.#wanted = []
    if (wanted.length > 0) return wanted
    const bulk: number[] = []
    for (const no of this.#left) {
      if (bulk.length === this.#bulkPages) break
      bulk.push(no)
    }
    for (const no of bulk) this.#left.delete(no)
    this.#bulkPages = Math.min(this.#bulkPages * 2, BULK_PAGES_MAX)
    return bulk
  }

  take(pages: readonly Page[]): void {
    // A damaged record may have any number; then the expected one never arrives.
    const sound = pages.filter((page) => typeof page === 'object' && page !== null)
    for (const page of sound) this.#here.set(page.no, page)
    for (const { numbers } of this.#waiters) for (const { no } of sound) numbers.delete(no)
    this.#release()
  }

  /** Resolves when these pages were read, or the reading has ended without them. */
  async want(numbers: Iterable<number>): Promise<void> {
    const missing = new Set([...numbers].filter((no) => !this.#here.has(no)))
    if (missing.size === 0 || this.#isEnded) return
    this.#wanted.push(...missing)
    this.#bulkPages = BULK_PAGES_MIN
    await new Promise<void>((resolve) => this.#waiters.push({ numbers: missing, resolve }))
  }

  /** Reads no more pages. */
  stop(): void {
    this.#left.clear()
  }

  /** Consumes a page that was read; undefined for others. */
  takeOut(no: number): Page | undefined {
    const page = this.#here.get(no)
    this.#here.delete(no)
    return page
  }

  /** The number of some page that was read. */
  anyHere(): number | undefined {
    const first = this.#here.keys().next()
    return first.done ? undefined : first.value
  }

  #end(isStored: boolean | undefined): void {
    this.#isEnded = true
    this.#isBroken = isStored === undefined
    this.#onBegin?.(false)
    this.#release()
  }

  #release(): void {
    const done = this.#waiters.filter(({ numbers }) => this.#isEnded || numbers.size === 0)
    this.#waiters = this.#waiters.filter((waiter) => !done.includes(waiter))
    for (const { resolve } of done) resolve()
  }
}
