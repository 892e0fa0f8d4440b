/**
 * The optimistic layer against the oracle: one author's own messages are shown before anybody
 * has reviewed them, then countersigned one by one or refused, while the messages of others
 * come in between. At every step the view is the fold of what is canonical and what is pending.
 */
import { isDeepStrictEqual } from 'node:util'
import { uuid8, type AuthoredMessage } from '@countersign/core/message'
import {
  compareOrder,
  createdOf,
  type Entry,
  type EntityState,
  giveReview,
  lastOf,
  Repo,
  toEntry,
} from '@countersign/core/testing'
import { expect, test, vi } from 'vitest'
import { Ancestry } from '../model/ancestry.ts'
import { Author } from '../model/author.ts'
import { oracleRow, renamed, showRow } from '../model/core-fold.ts'
import { generateHistory, type HistoryOptions } from '../model/history.ts'
import { Manifest, rowId } from '../model/manifest.ts'
import { type OracleRow, rowOf } from '../model/oracle.ts'
import { causalOrder } from '../model/order.ts'
import { Random } from '../model/random.ts'
import type { TraceMessage } from '../model/trace.ts'

// The oracle is slow on purpose, and the machine may be busy.
vi.setConfig({ testTimeout: 120_000 })

const space = uuid8(new Uint8Array(32).fill(1))
const by = { reviewerId: space, eid: space, epoch: 1, forked: false, at: 0 }

class Device {
  readonly repo: Repo = new Repo({
    entities: [Manifest],
    viewer: { authorId: () => undefined, isMine: () => false, volatile: () => false },
    onListenerError: (error) => expect.fail(String(error)),
    onTable: () => {},
  })
  readonly canonical: TraceMessage[] = []
  readonly pending: TraceMessage[] = []
  readonly #messages = new Map<string, AuthoredMessage>()
  readonly #entries = new Map<string, Entry>()
  readonly #authors = new Map<string, Author>()
  readonly #ancestry = new Ancestry()
  #seq = 0
  #arrivals = 0

  has({ id }: TraceMessage): boolean {
    return this.#entries.has(id)
  }

  /** Whether all that the message follows is here. */
  mayWrite({ changes }: TraceMessage): boolean {
    return changes.every(({ parents }) => parents.every((id) => this.#entries.has(id)))
  }

  write(message: TraceMessage): void {
    const entry = this.#entry(message)
    this.repo.messages.add(entry)
    this.repo.addPending(entry)
    this.pending.push(message)
  }

  /** The next message in canonical order, of oneself or another. */
  advance(message: TraceMessage): void {
    const review = { ...by, seq: ++this.#seq }
    const own = this.#entries.get(message.id)
    if (own) {
      this.repo.accept(own, review)
      this.pending.splice(this.pending.indexOf(message), 1)
    } else {
      const entry = this.#entry(message)
      giveReview(entry, review)
      this.repo.addCanonical(entry)
    }
    this.canonical.push(message)
  }

  /** Takes a refused message out, and what of one's own stands on it. */
  refuse(messages: readonly TraceMessage[]): void {
    const entries = messages.map(({ id }) => this.#entries.get(id)!)
    this.repo.removePending(entries)
    for (const message of messages) {
      this.#entries.delete(message.id)
      this.pending.splice(this.pending.indexOf(message), 1)
    }
  }

  /** Compares every row with the oracle; returns what differs first. */
  difference(rows: Iterable<string>): string | undefined {
    const table = this.repo.tableNamed(Manifest.name)
    for (const row of rows) {
      const shown = table.state(rowId(row))
      const view = this.#compare(row, 'view', shown, [...this.canonical, ...this.pending])
      const acked = this.#compare(row, 'canonical', table.canonical(rowId(row)), this.canonical)
      const found = view ?? acked ?? (shown && this.#ends(row, shown))
      if (found !== undefined) return found
      if (table.hasPending(rowId(row)) !== this.pending.some((message) => changes(message, row))) {
        return `${row}: what is pending is not known`
      }
    }
    return undefined
  }

  #compare(
    row: string,
    what: string,
    state: EntityState | undefined,
    messages: readonly TraceMessage[],
  ): string | undefined {
    const expected = rowOf(messages, row)
    const found =
      state && this.#named(oracleRow(state, this.repo.tableNamed(Manifest.name).registers))
    return isDeepStrictEqual(found, expected)
      ? undefined
      : `${row}, ${what}: core ${showRow(found)}, oracle ${showRow(expected)}`
  }

  /** The first root and the newest write of what is shown, by the order as it is now. */
  #ends(row: string, state: EntityState): string | undefined {
    const writes = [...this.canonical, ...this.pending]
      .filter((message) => changes(message, row))
      .map(({ id }) => this.#entries.get(id)!.writes.find((w) => w.entityId === rowId(row))!)
      .sort(compareOrder)
    const first = writes.find(({ kind }) => kind === 'create')!
    if (createdOf(state) !== first) return `${row}: another first root`
    return lastOf(state) === writes.at(-1) ? undefined : `${row}: another newest write`
  }

  #named(row: OracleRow): OracleRow {
    const names = new Map([...this.#messages].map(([name, { id }]) => [id, name]))
    return renamed(row, (id) => names.get(id)!)
  }

  #entry(message: TraceMessage): Entry {
    const made = this.#message(message)
    const { authorId, sessionId } = made.session.facts
    const entry = toEntry(made, {
      session: { authorId, sessionId },
      arrival: ++this.#arrivals,
      tableOf: () => this.repo.tableNamed(Manifest.name).registers,
      pending: (session, clientSeq) => this.repo.messages.find(session, clientSeq),
    })
    this.#entries.set(message.id, entry)
    return entry
  }

  #message(message: TraceMessage): AuthoredMessage {
    const seed = Number(message.author.slice(1))
    const author = this.#authors.get(message.author) ?? new Author(space, 'p', new Random(seed))
    this.#authors.set(message.author, author)
    const made = author.message(message, {
      row: rowId,
      message: (name) => this.#messages.get(name)!,
      ancestry: this.#ancestry,
    })
    this.#messages.set(message.id, made)
    return made
  }
}

function changes(message: TraceMessage, row: string): boolean {
  return message.changes.some((change) => change.entity === row)
}

/** Messages of the author that nobody else has built on, so that refusing them takes nothing of others. */
function refusable(messages: readonly TraceMessage[], author: string): Set<TraceMessage> {
  const built = new Set<string>()
  const found = new Set<TraceMessage>()
  for (const message of messages.toReversed()) {
    const parents = message.changes.flatMap((change) => change.parents)
    if (message.author === author && !built.has(message.id)) found.add(message)
    else parents.forEach((id) => built.add(id))
  }
  return found
}

function play(
  seed: number,
  options: Partial<HistoryOptions>,
): { pending: number; refused: number } {
  const random = new Random(seed)
  const { messages } = generateHistory(seed, options)
  const author = 'a0'
  const doomed = new Set([...refusable(messages, author)].filter(() => random.chance(0.4)))
  // Whoever stands on a refused message goes with it.
  for (const message of messages) {
    const parents = message.changes.flatMap((change) => change.parents)
    if (parents.some((id) => [...doomed].some((m) => m.id === id))) doomed.add(message)
  }
  const order = causalOrder(messages, random)
  const canonical = order.filter((message) => !doomed.has(message))
  const toWrite = order.filter((message) => message.author === author)
  const rows = new Set(messages.flatMap((m) => m.changes.map((change) => change.entity)))
  const device = new Device()
  const counts = { pending: 0, refused: 0 }
  const step = (what: string): void => {
    const wrong = device.difference(rows)
    if (wrong !== undefined) throw new Error(`history ${seed}, after ${what}: ${wrong}`)
    counts.pending = Math.max(counts.pending, device.pending.length)
  }
  const writeUpTo = (message: TraceMessage): void => {
    for (const next of toWrite.splice(0, toWrite.indexOf(message) + 1)) {
      device.write(next)
      step(`writing ${next.id}`)
    }
  }
  for (const message of canonical) {
    while (toWrite[0] && device.mayWrite(toWrite[0]) && random.chance(0.7)) writeUpTo(toWrite[0])
    if (message.author === author && !device.has(message)) writeUpTo(message)
    device.advance(message)
    step(`canonical ${message.id}`)
    const gone = device.pending.filter((pending) => doomed.has(pending))
    if (gone.length > 0 && random.chance(0.2)) {
      device.refuse(gone)
      counts.refused += gone.length
      // What stands on them can no longer be written.
      toWrite.splice(0, toWrite.length, ...toWrite.filter((next) => !doomed.has(next)))
      step(`refusing ${gone.map(({ id }) => id).join()}`)
    }
  }
  return counts
}

test.each<[string, Partial<HistoryOptions>]>([
  ['usual edits and merges', {}],
  ['writes that keep a part of a conflict', { keep: 0.4, exchange: 0.3 }],
  ['second roots', { secondRoot: 1, exchange: 0.3, rows: 3 }],
])('§10 view = fold(canonical ∪ pending): %s', (_, options) => {
  const all = { pending: 0, refused: 0 }
  for (let seed = 1; seed <= 15; seed++) {
    const { pending, refused } = play(seed, { messages: 40, authors: 3, ...options })
    all.pending += pending
    all.refused += refused
  }
  expect(all.pending).toBeGreaterThan(40)
  expect(all.refused).toBeGreaterThan(8)
})
