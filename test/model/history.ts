/**
 * Edit histories made up from a seed, in the form of the recorded one: authors who write on
 * what they have seen, exchange what they have seen now and then, fork rows, merge some of
 * the conflicts and leave others open, create one row twice, unset, archive and restore.
 * The answers come from the oracle, never from core.
 */
import { conflictsAt, expectedOf, messagesByRow } from './check.ts'
import { conflictsOf, type OracleRow, rowOf, seenBy, UNSET } from './oracle.ts'
import { Random } from './random.ts'
import {
  ARCHIVED,
  countsOf,
  type ExpectedPlace,
  type Trace,
  type TraceChange,
  type TraceKind,
  type TraceMessage,
} from './trace.ts'

/** Sizes, and shares from 0 to 1. */
export interface HistoryOptions {
  readonly messages: number
  readonly authors: number
  readonly rows: number
  readonly fields: number
  readonly changesMax: number
  /** Of the steps, those in which the author first hears what another one has seen. */
  readonly exchange: number
  /** Of the rows that exist where the author does not know it, those created once more. */
  readonly secondRoot: number
  readonly unset: number
  readonly archive: number
  /** Of the writes on a conflict, those that keep a part of it open. The file has no word for it. */
  readonly keep: number
  /** Of the changes, those that name whatever they have seen as parents, not the heads. */
  readonly oddParents: number
}

const usual: HistoryOptions = {
  messages: 60,
  authors: 5,
  rows: 5,
  fields: 6,
  changesMax: 4,
  exchange: 0.5,
  secondRoot: 0.3,
  unset: 0.15,
  archive: 0.04,
  keep: 0,
  oddParents: 0,
}

/** Few, so that two authors often choose the same; some equal in meaning, not in text. */
const values: readonly unknown[] = [
  'workspace:^',
  '^1.2.3',
  '',
  'ü😀',
  'ü😀 ',
  0,
  1,
  -1.5,
  true,
  false,
  null,
  [],
  ['dist'],
  ['dist', 'es'],
  { a: 1, b: [2] },
  { b: [2], a: 1 },
  { a: { b: { c: 'd' } } },
]

export function generateHistory(seed: number, options: Partial<HistoryOptions> = {}): Trace {
  return new Generator(new Random(seed), { ...usual, ...options }).run()
}

/** What one author has seen: messages by number, and the heads of each row among them. */
class View {
  readonly seen = new Set<number>()
  readonly #heads = new Map<string, readonly string[]>()

  heads(row: string): readonly string[] {
    return this.#heads.get(row) ?? []
  }

  add(no: number, message: TraceMessage): void {
    if (this.seen.has(no)) return
    this.seen.add(no)
    for (const { entity, parents } of message.changes) {
      const rest = this.heads(entity).filter((head) => !parents.includes(head))
      this.#heads.set(entity, [...rest, message.id])
    }
  }
}

class Generator {
  readonly #random: Random
  readonly #options: HistoryOptions
  readonly #messages: TraceMessage[] = []
  readonly #views: readonly View[]
  readonly #rows: readonly string[]
  readonly #fields: readonly string[]

  constructor(random: Random, options: HistoryOptions) {
    this.#random = random
    this.#options = options
    this.#views = Array.from({ length: options.authors }, () => new View())
    this.#rows = Array.from({ length: options.rows }, (_, i) => `packages/p${i}/package.json`)
    this.#fields = Array.from({ length: options.fields }, (_, i) => `${'fds'[i % 3]}.${i}`)
  }

  run(): Trace {
    while (this.#messages.length < this.#options.messages) this.#step()
    const byRow = messagesByRow(this.#messages)
    const merges = this.#messages.flatMap(({ changes }) =>
      changes.filter(({ parents }) => parents.length > 1),
    )
    const places = merges
      .map(({ entity, parents }): ExpectedPlace => {
        const place = { at: parents, row: entity }
        return { ...place, conflicts: conflictsAt(byRow.get(entity)!, place) }
      })
      .filter(({ conflicts }) => conflicts.size > 0)
    const rows = [...byRow].map(([row, list]) => [row, expectedOf(rowOf(list, row)!)] as const)
    const trace = {
      messages: this.#messages,
      expectConflicts: places,
      expectRows: new Map(rows),
    }
    return { counts: countsOf(trace), ...trace }
  }

  #step(): void {
    const author = this.#random.below(this.#views.length)
    const view = this.#views[author]!
    if (this.#random.chance(this.#options.exchange)) this.#hear(view)
    const count = this.#random.chance(0.6) ? 1 : this.#random.between(1, this.#options.changesMax)
    const changes = this.#random
      .sample(this.#rows, count)
      .map((row) => this.#change(view, row))
      .filter((change) => change !== undefined)
    if (changes.length === 0) return
    const no = this.#messages.length
    const message: TraceMessage = {
      id: `m${no + 1}`,
      author: `a${author}`,
      timestamp: 1_700_000_000_000 + no * 60_000,
      changes,
    }
    this.#messages.push(message)
    view.add(no, message)
  }

  /** Takes over what another author has seen, up to some message. Parents come along: they are older. */
  #hear(view: View): void {
    const other = this.#random.pick(this.#views)
    const most = this.#random.chance(0.7) ? Infinity : this.#random.below(this.#messages.length + 1)
    for (const no of [...other.seen].sort((a, b) => a - b)) {
      if (no < most) view.add(no, this.#messages[no]!)
    }
  }

  #change(view: View, row: string): TraceChange | undefined {
    const known = [...view.seen].map((no) => this.#messages[no]!)
    const seen = rowOf(known, row)
    if (!seen) return this.#create(row)
    const parents = this.#parents(view, row, known)
    const kind: TraceKind = this.#random.chance(this.#options.archive)
      ? 'archive'
      : parents.length > 1
        ? 'resolve'
        : 'update'
    const set = kind === 'archive' ? { [ARCHIVED]: true } : this.#writes(seen)
    // An honest author keeps only what its parents have led it to.
    const followed = rowOf(seenBy(known, row, parents), row)!
    return { entity: row, kind, parents, set, ...this.#keep(followed, set) }
  }

  #create(row: string): TraceChange | undefined {
    const exists = this.#messages.some(({ changes }) => changes.some((c) => c.entity === row))
    if (exists && !this.#random.chance(this.#options.secondRoot)) return undefined
    const fields = this.#random.sample(this.#fields, this.#random.between(1, this.#fields.length))
    const set = Object.fromEntries(fields.map((field) => [field, this.#random.pick(values)]))
    return { entity: row, kind: 'create', parents: [], set }
  }

  #parents(view: View, row: string, known: readonly TraceMessage[]): readonly string[] {
    if (!this.#random.chance(this.#options.oddParents)) return [...view.heads(row)].sort()
    const all = known.filter(({ changes }) => changes.some(({ entity }) => entity === row))
    return this.#random
      .sample(all, this.#random.between(1, 3))
      .map(({ id }) => id)
      .sort()
  }

  /** Some fields at random, and of those in conflict about two thirds. */
  #writes(seen: OracleRow): Record<string, unknown> {
    const set: Record<string, unknown> = {}
    for (const field of this.#random.sample(this.#fields, this.#random.between(1, 3))) {
      set[field] = this.#random.chance(this.#options.unset) ? UNSET : this.#random.pick(values)
    }
    for (const [field, candidates] of conflictsOf(seen)) {
      if (field === ARCHIVED || !this.#random.chance(0.66)) continue
      set[field] = this.#random.chance(0.5)
        ? this.#random.pick(candidates).value
        : this.#random.pick(values)
    }
    const archived = seen.live.get(ARCHIVED)?.some(({ value }) => value === true)
    if (archived && this.#random.chance(0.3)) set[ARCHIVED] = false
    return set
  }

  #keep(followed: OracleRow, set: Readonly<Record<string, unknown>>): Pick<TraceChange, 'keep'> {
    const keep: Record<string, readonly string[]> = {}
    if (this.#options.keep === 0) return {}
    for (const reg of Object.keys(set)) {
      const live = followed.live.get(reg) ?? []
      if (live.length === 0 || !this.#random.chance(this.#options.keep)) continue
      const kept = this.#random.sample(live, this.#random.between(1, live.length))
      keep[reg] = kept.map(({ by }) => by).sort()
    }
    return Object.keys(keep).length > 0 ? { keep } : {}
  }
}
