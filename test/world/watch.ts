/**
 * One replica under observation: its rows, queries and position, compared with the oracle after every
 * event and inside every emission. A row names its heads, so it must equal the oracle's fold of these
 * messages and all that they depend on.
 */
import {
  type AnyRow,
  type Entity,
  type LiveQuery,
  type Position,
  type QueryResult,
  type Receipt,
  type SyncStore,
  isUnreadable,
} from '@countersign/core'
import { type Screen, TYPES, type WorldType, typeNamed } from './entities.ts'
import type { EntityHistory, Fact } from './facts.ts'
import {
  s12Progressive,
  s13Monotonic,
  s15IndexIsScan,
  s1OnlyOwnIsPending,
  s1Complete,
  s6Whole,
} from './invariants/replica.ts'
import { readingFor, s13NothingFlips, s1RowIsFold, s8Conflicts } from './invariants/row.ts'
import { s14Complete } from './invariants/parts.ts'
import type { Reading } from './reading.ts'
import { SHAPES, type Shape } from './shapes.ts'
import type { Sight } from './sight.ts'
import { s25NothingForged } from './invariants/forged.ts'
import type { Tally } from './tally.ts'
import type { Truth } from './truth.ts'

export interface WatchOptions {
  readonly store: SyncStore
  readonly truth: Truth
  readonly device: string
  /** Whether it shows unverified messages. */
  readonly showsAhead: boolean
  /** Whether it follows parts of the space. */
  readonly isPartial: boolean
  /** Whether the person of this replica might read a row at that seq. */
  readonly mayRead: (history: EntityHistory, seq: number) => boolean
  /** Whether checks of that may fail. */
  readonly isForgedTo: boolean
  /** Whether the bases of conflicts are sent by the reviewer, and kept by the disk. */
  readonly areBasesKept: () => boolean
  readonly tally: Tally
  /** The reading of rows here at present. */
  readonly reading: () => Reading
  /** Runs a check, and reports its violation. */
  readonly guard: (check: () => void) => void
  /** Further checks, run when something has changed. */
  readonly onLook: () => void
}

interface OpenScreen extends Screen {
  readonly live: LiveQuery<Entity>
  readonly end: () => void
  calls: number
}

export class Watch {
  readonly #options: WatchOptions
  readonly #standing: QueryResult<WorldType>
  readonly #sights = new Map<string, Sight>()
  readonly #drafts = new Map<string, Receipt[]>()
  /** Entities that were uncertain once: what is written on top hides it, and conflicts still parted there. */
  readonly #doubted = new Set<string>()
  readonly #screens: OpenScreen[] = []
  /** Where it follows parts of the space: the results that it may call complete. */
  readonly #claims: readonly (readonly [Shape, LiveQuery<Entity>])[]
  /** For which claims were checked last. */
  #claimed = ''
  /** Entities that no message is known of yet. */
  readonly #news = new Set<string>()
  #position: Position | null = null
  #checking = false
  #writing = false

  constructor(options: WatchOptions) {
    this.#options = options
    // Its rows are fixed, its position is always the present one.
    this.#standing = options.store.query(TYPES[0], { limit: 0 })
    this.#claims = (options.isPartial ? SHAPES : []).map((shape) => {
      const query = { ...shape.query, limit: 0 } as never
      return [shape, options.store.live(shape.type, query) as unknown as LiveQuery<Entity>] as const
    })
  }

  get position(): Position | null {
    return this.#standing.asOf
  }

  sights(): IterableIterator<Sight> {
    return this.#sights.values()
  }

  /** Makes a write. Its message has no id yet, and reading the rows that it made would give it one. */
  writing<T>(body: () => T): T {
    this.#writing = true
    try {
      return body()
    } finally {
      this.#writing = false
    }
  }

  /** Rows of these entities are not read until the message has got its id without that. */
  wrote(receipt: Receipt, entityIds: readonly string[]): void {
    for (const id of entityIds) {
      this.#news.add(id)
      const drafts = this.#drafts.get(id)
      if (drafts) drafts.push(receipt)
      else this.#drafts.set(id, [receipt])
    }
  }

  open(screen: Screen): void {
    const { store, guard } = this.#options
    const live = store.live(screen.type, screen.query as never) as unknown as LiveQuery<Entity>
    const open = { ...screen, live, end: () => {}, calls: 0 }
    open.end = live.subscribe(() => {
      open.calls++
      guard(() => this.#inEmission())
    })
    live.snapshot()
    this.#screens.push(open)
  }

  /** Closes one of the open queries. */
  closeOne(at: number): void {
    this.#screens.splice(at % this.#screens.length, 1)[0]?.end()
  }

  get screens(): number {
    return this.#screens.length
  }

  /** How often the listeners have been called since the last time, at the most. */
  takeCalls(): number {
    const most = Math.max(0, ...this.#screens.map(({ calls }) => calls))
    for (const screen of this.#screens) screen.calls = 0
    return most
  }

  /** All cheap checks, for the changes since the last call. */
  check(): void {
    // Then the reviewer has sent everything.
    if (this.#options.store.status.getState().outboxMessages === 0) this.#doubted.clear()
    const before = this.#position
    this.#position = s12Progressive(this.#options.truth, before, this.position)
    const isChanged = this.#look()
    if (this.#options.isPartial) this.#checkClaims(isChanged)
    else this.#complete(before)
    if (!isChanged) return
    for (const screen of this.#screens) this.#checkScreen(screen)
    this.#options.onLook()
  }

  /** A row that the watch could not look into, and why; undefined when there is none. */
  unexplained(): string | undefined {
    for (const history of this.#options.truth.facts.entities()) {
      const row = this.#rowOf(history)
      if (row === this.#sights.get(history.id)?.row) continue
      return this.#hasDrafts(history.id)
        ? `${history.name} has drafts`
        : `${history.name} has unknown heads`
    }
    return undefined
  }

  /** All rows of a type, by id, by reading each id that is known in the world. */
  rows(type: WorldType): AnyRow[] {
    const ids = new Set(this.#news)
    for (const history of this.#options.truth.facts.entities()) {
      if (history.type === type.name) ids.add(history.id)
    }
    const rows: AnyRow[] = []
    for (const id of [...ids].sort()) {
      const row = this.#peek(type, id)
      if (row) rows.push(row)
    }
    return rows
  }

  /** Subscribers read rows: a message must be in all of its rows, or in none. */
  #inEmission(): void {
    if (this.#checking) return
    this.#checking = true
    try {
      if (this.#writing) for (const screen of this.#screens) this.#checkScreen(screen)
      else this.check()
    } finally {
      this.#checking = false
    }
  }

  #rowOf(history: EntityHistory): AnyRow | undefined {
    return this.#peek(typeNamed.get(history.type)!, history.id)
  }

  #peek(type: WorldType, id: string): AnyRow | undefined {
    return this.#options.store.peek(type, id).row as AnyRow | undefined
  }

  #look(): boolean {
    const changed: [before: Sight | undefined, after: Sight][] = []
    let isAnyChanged = false
    const reading = this.#options.reading()
    for (const history of this.#options.truth.facts.entities()) {
      const before = this.#sights.get(history.id)
      const row = this.#rowOf(history)
      if (row === before?.row && (before?.reading ?? reading.key) === reading.key) continue
      isAnyChanged = true
      if (this.#hasDrafts(history.id)) continue
      const mask = row ? history.closure(row.$heads) : 0n
      // Written while the disk fails, and not offered yet, so nobody else knows of it.
      if (mask === undefined) {
        s25NothingForged(this.#options.truth, history, row!)
        if (row!.$state === 'unverified') this.#options.tally.hit('forged and unverified')
        continue
      }
      const after = { history, row, mask, reading: reading.key }
      this.#sights.set(history.id, after)
      changed.push([before, after])
    }
    for (const [before, after] of changed) {
      s13Monotonic(
        this.#options.truth,
        before,
        after,
        (fact) => this.#isTakenBack(fact) || this.#isLeft(after, fact),
      )
      if (this.#isUncertain(after)) {
        this.#doubted.add(after.history.id)
        this.#options.tally.hit('own message shown though contained')
      } else this.#compare(before, after, reading)
    }
    if (!this.#options.isPartial)
      for (const [before, after] of changed) this.#checkWhole(before, after)
    return isAnyChanged
  }

  /** Whether a message was shown before its check, or depends on one that was, so that it may be gone. */
  #isTakenBack({ seq = Infinity, message }: Fact): boolean {
    const { isForgedTo, store } = this.#options
    if (!isForgedTo || seq <= (this.position?.seq ?? 0)) return false
    if (seq < Infinity) return true
    return store.refused
      .snapshot()
      .some(({ messageId, reason }) => messageId === message.id && reason === 'tampered')
  }

  /** Whether a row is missing that is not followed, with all its accepted messages. */
  #isLeft({ row }: Sight, { seq = Infinity }: Fact): boolean {
    return this.#options.isPartial && !row && seq <= (this.position?.seq ?? 0)
  }

  /**
   * Whether the row shows a message of an earlier session as pending although the canonical state
   * contains it: nothing on the disk says so, and the reviewer has not been asked yet.
   */
  #isUncertain({ history, row, mask }: Sight): boolean {
    const heads = row?.$heads ?? []
    const candidates = Object.values(row?.$conflicts ?? {}).flatMap((each) => each.candidates)
    if (heads.length + candidates.length < 2) return false
    const { heads: standing } = history.expected(mask)
    const { isPartial, store } = this.#options
    const { sessionId } = store.status.getState()
    const shown = candidates.filter(({ pending }) => pending).map(({ msgId }) => msgId)
    return [...heads.filter((id) => !standing.includes(id)), ...shown].some((id) => {
      const { message, seq } = this.#options.truth.facts.get(id)!
      return (
        seq !== undefined &&
        seq <= (this.position?.seq ?? 0) &&
        // A follower of scopes gets own messages again when they are offered again.
        (isPartial || message.session.facts.sessionId !== sessionId)
      )
    })
  }

  /**
   * Whether a message of an earlier session that is contained may be pending here under later ones of
   * it: it is no head then, and no candidate, and what it replaced was a base.
   */
  #mayHide({ history, mask, row }: Sight): boolean {
    const { store, truth, device, isPartial } = this.#options
    const { sessionId: own, outboxMessages } = store.status.getState()
    if (outboxMessages === 0) return false
    const earlier = history.within(mask).filter(({ message }) => {
      const { sessionId } = message.session.facts
      // A follower of scopes gets own messages again when they are offered again.
      return (isPartial || sessionId !== own) && truth.deviceOf.get(sessionId) === device
    })
    const isContained = ({ seq }: Fact): boolean =>
      seq !== undefined && seq <= (this.position?.seq ?? 0)
    const isPending = isPartial ? row?.$state !== 'canonical' : !earlier.every(isContained)
    return earlier.some(isContained) && isPending
  }

  #hasDrafts(entityId: string): boolean {
    const drafts = this.#drafts.get(entityId)
    if (!drafts) return false
    const left = drafts.filter(({ state }) => state === 'draft')
    if (left.length > 0) this.#drafts.set(entityId, left)
    else this.#drafts.delete(entityId)
    return left.length > 0
  }

  #compare(before: Sight | undefined, after: Sight, by: Reading): void {
    const { truth, device, showsAhead, tally, store } = this.#options
    const seq = this.position?.seq ?? 0
    s1OnlyOwnIsPending(truth, after, { device, seq, showsAhead })
    const { row } = after
    if (!row) return
    const { authorId: viewerId } = store.status.getState()
    const isDoubted = this.#doubted.has(after.history.id) || this.#mayHide(after)
    const isBaseSure = this.#options.areBasesKept() && !isDoubted
    const viewing = { viewerId, seq, truth, reading: by, isBaseSure }
    const reading = readingFor(after, viewing)
    s1RowIsFold(after, reading, viewing)
    s8Conflicts(after, reading, viewing)
    if (before && !this.#isUncertain(before)) s13NothingFlips(before, after, viewing)
    if (row.$state === 'unverified') tally.hit('shown before its check')
    for (const value of Object.values(row))
      if (isUnreadable(value)) tally.hit(`value not readable: ${value.kind}`)
    for (const { candidates } of Object.values(row.$conflicts)) {
      tally.hit('conflict')
      if (candidates.length > 2) tally.hit('conflict of 3 or more')
    }
  }

  /** Messages of several entities are shown in all of them, or in none. */
  #checkWhole(before: Sight | undefined, { history, mask }: Sight): void {
    const come = mask & ~(before?.mask ?? 0n)
    const gone = (before?.mask ?? 0n) & ~mask
    const isSeen = (entityId: string, fact: Fact): boolean | undefined => {
      // Rows that are not read are not checked.
      if (this.#drafts.has(entityId)) return undefined
      const other = this.#options.truth.history(entityId)!
      const sight = this.#sights.get(entityId)
      if (this.#rowOf(other) !== sight?.row) return undefined
      return ((sight?.mask ?? 0n) & other.bitOf(fact.message.id)) !== 0n
    }
    for (const fact of history.within(come)) s6Whole(fact, true, (id) => isSeen(id, fact))
    for (const fact of history.within(gone)) s6Whole(fact, false, (id) => isSeen(id, fact))
  }

  /** Messages that were accepted up to the position are in the rows. */
  #complete(before: Position | null): void {
    const { truth } = this.#options
    const seq = this.#position?.seq ?? 0
    for (let at = before?.seq ?? 0; at < seq; at++) {
      const fact = truth.accepted[at]!
      for (const { entity } of fact.oracle.changes) {
        if (this.#drafts.has(entity)) continue
        const history = truth.history(entity)!
        const sight = this.#sights.get(entity)
        if (this.#rowOf(history) === sight?.row) s1Complete(fact, history, sight?.mask ?? 0n)
      }
    }
  }

  /** A result that is called complete is complete. */
  #checkClaims(isChanged: boolean): void {
    const { store, truth, tally, mayRead: reads } = this.#options
    const seq = this.#position?.seq ?? 0
    const mayRead = (history: EntityHistory): boolean => reads(history, seq)
    const made = this.#claims.filter(([, live]) => live.snapshot().complete)
    const claimed = `${seq} ${made.map(([shape]) => SHAPES.indexOf(shape)).join()}`
    if (!isChanged && claimed === this.#claimed) return
    this.#claimed = claimed
    for (const [shape] of made) {
      const rows = store.query(shape.type, shape.query as never).rows as unknown as AnyRow[]
      const maskOf = (history: EntityHistory): bigint | undefined => this.#maskOf(history)
      s14Complete(truth, { shape, seq, rows, mayRead, maskOf })
      tally.hit('part of the space is complete')
    }
  }

  #maskOf(history: EntityHistory): bigint | undefined {
    const sight = this.#sights.get(history.id)
    const isLookedInto = !this.#drafts.has(history.id) && this.#rowOf(history) === sight?.row
    return isLookedInto ? (sight?.mask ?? 0n) : undefined
  }

  /** Entities that were created here a moment ago, and are in no message yet. */
  #heardOf(rows: readonly AnyRow[]): void {
    const { facts } = this.#options.truth
    for (const id of this.#news) if (facts.entity(id)) this.#news.delete(id)
    for (const { id } of rows) if (!facts.entity(id)) this.#news.add(id)
  }

  #checkScreen({ type, query, live }: OpenScreen): void {
    const shown = live.snapshot().rows as readonly AnyRow[]
    this.#heardOf(shown)
    s15IndexIsScan(type.name, query, { rows: this.rows(type), live: shown })
  }
}
