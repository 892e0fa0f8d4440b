/**
 * A replica that does not have everything: it begins with a snapshot, lets go of history, and
 * asks for the state of an entity whenever a message names a parent it does not know. At every
 * position it reaches, its rows are those of the oracle over the whole history.
 */
import { isDeepStrictEqual } from 'node:util'
import { LIMITS, hash, uuid8, type Base, type Bases, type Message } from '@countersign/core/message'
import { packMessages, pageText, runText } from '@countersign/core/protocol'
import {
  Entry,
  type EntityState,
  baseOf,
  basesAfter,
  intake,
  liveOf,
  PageWriter,
  Repo,
  SpaceState,
  type TailOutcome,
  TailReader,
  writesOf,
} from '@countersign/core/testing'
import { expect, test, vi } from 'vitest'
import { Author } from '../model/author.ts'
import { oracleRow, renamed, showRow } from '../model/core-fold.ts'
import { generateHistory, type HistoryOptions } from '../model/history.ts'
import { Manifest, rowId } from '../model/manifest.ts'
import { rowOf } from '../model/oracle.ts'
import { causalOrder } from '../model/order.ts'
import { Random } from '../model/random.ts'
import type { TraceMessage } from '../model/trace.ts'

// The oracle is slow on purpose, and the machine may be busy.
vi.setConfig({ testTimeout: 120_000 })

const space = uuid8(new Uint8Array(32).fill(1))
const by = { reviewerId: space, eid: uuid8(new Uint8Array(32).fill(2)), epoch: 1 }

/** The reviewer's side: states by its own class, runs as texts, pages on demand. */
class Server {
  /** Whether it says what stood before conflicts, as reviewers do. */
  readonly #isSaid: boolean
  readonly space: SpaceState = new SpaceState()
  readonly runs: { readonly toSeq: number; readonly text: string }[] = []
  seq = 0

  constructor(isSaid: boolean) {
    this.#isSaid = isSaid
  }

  commit(messages: readonly Message[]): void {
    const bases = new Map<number, readonly Bases[]>()
    const chain = hash('cs/chain', this.seq)
    const head = { fromSeq: this.seq + 1, at: 0, forked: [], chain, bases }
    for (const [i, message] of messages.entries()) {
      const entry = intake(message, {
        index: this.space.messages,
        session: { authorId: message.header.authorId, sessionId: message.header.sessionId },
        arrival: 0,
        tableOf: (name) => this.space.registers(name),
      })
      if (!(entry instanceof Entry)) throw new Error('a message came before its parents')
      entry.review = { ...by, seq: ++this.seq, forked: false, at: 0 }
      this.space.commit([entry])
      const states = entry.writes.map(({ entityId }) => this.space.entity(entityId)!.state)
      const said = basesAfter(entry, states, (name) => this.space.registers(name))
      if (said && this.#isSaid) bases.set(i, said)
    }
    this.runs.push({ toSeq: this.seq, text: runText(head, packMessages(messages)) })
  }

  get position(): { eid: string; epoch: number; seq: number; chain: string } {
    return { eid: by.eid, epoch: 1, seq: this.seq, chain: hash('cs/chain', this.seq) }
  }

  page(ids: readonly string[]): unknown {
    const writer = new PageWriter()
    const held = ids.map((id) => {
      const state = this.space.entity(id)!.state
      return writer.entity(Manifest.name, id, { state, table: this.space.registers(Manifest.name) })
    })
    return JSON.parse(pageText(held))
  }
}

interface Story {
  readonly order: readonly TraceMessage[]
  readonly made: readonly Message[]
  readonly nameOf: ReadonlyMap<string, string>
}

function storyOf(seed: number, options: Partial<HistoryOptions>): Story {
  const random = new Random(seed)
  const order = causalOrder(generateHistory(seed, options).messages, random)
  const authors = new Map<string, Author>()
  const made = new Map<string, Message>()
  for (const message of order) {
    const author = authors.get(message.author) ?? new Author(space, message.author, random.split())
    authors.set(message.author, author)
    const names = { row: rowId, message: (name: string) => made.get(name)!.id }
    made.set(message.id, author.message(message, names))
  }
  const nameOf = new Map([...made].map(([name, { id }]) => [id, name]))
  return { order, made: [...made.values()], nameOf }
}

class Client {
  readonly repo: Repo
  readonly tail: TailReader
  mends = 0

  constructor(random: Random) {
    this.repo = new Repo({
      entities: [Manifest],
      viewer: { authorId: () => undefined, volatile: () => false },
      onListenerError: (error) => expect.fail(String(error)),
      onTable: () => {},
      retention: { messages: random.between(1, 25), slack: random.between(1, 6) },
    })
    this.tail = new TailReader(this.repo, space, { findOwn: () => undefined, limits: LIMITS })
  }

  get seq(): number {
    return this.tail.position?.seq ?? 0
  }

  begin(server: Server): void {
    const ids = [...server.space.entities()].map(([id]) => id)
    expect(
      this.tail.snapshot([server.page(ids)], { position: server.position, settled: new Map() })
        .kind,
    ).toBe('applied')
  }

  /** Everything since its position, as after a gap; else the last run alone. */
  hear(server: Server, all: boolean): TailOutcome {
    const runs = all ? server.runs.filter(({ toSeq }) => toSeq > this.seq) : server.runs.slice(-1)
    return this.tail.tail(
      runs.map(({ text }) => JSON.parse(text) as unknown),
      server.position,
      by,
    )
  }

  mend(server: Server, ids: readonly string[]): TailOutcome {
    this.mends++
    return this.tail.mend(ids, server.page(ids), { position: server.position, by })
  }
}

type StoryOptions = Partial<HistoryOptions> & { readonly isSaid?: boolean }

/** Plays one story; returns how often the client had to ask. */
function play(seed: number, { isSaid = true, ...options }: StoryOptions): number {
  const { order, made, nameOf } = storyOf(seed, options)
  const random = new Random(seed + 1_000)
  const server = new Server(isSaid)
  const client = new Client(random)
  const snapshotAt = random.below(order.length / 2)
  const table = client.repo.tableNamed(Manifest.name)
  const rows = new Set(order.flatMap(({ changes }) => changes.map((change) => change.entity)))
  let asked: readonly string[] = []

  /** What client and server know of the registers with several live writes. */
  function* basesOf(state: EntityState, row: string): Iterable<readonly [string, Base, Base]> {
    const theirs = server.space.entity(rowId(row))!.state
    for (const [slot, reg] of table.registers.names.entries()) {
      const live = writesOf(liveOf(state, slot))
      if (reg === '$archived' || live.length < 2) continue
      const there = server.space.registers(Manifest.name).slot(reg)
      const before = baseOf(writesOf(liveOf(theirs, there)), { reg, slot: there })
      yield [reg, baseOf(live, { reg, slot }), before]
    }
  }

  for (let at = 0; at < made.length;) {
    const count = Math.min(random.between(1, 3), made.length - at)
    server.commit(made.slice(at, at + count))
    at += count
    if (server.seq < snapshotAt) continue
    if (client.seq === 0 && server.seq > count) client.begin(server)
    else {
      let outcome = client.hear(server, false)
      if (outcome.kind === 'mend') asked = outcome.ids
      // The answer may take a while, in which more is heard.
      if (asked.length > 0 && (at === made.length || random.chance(0.6))) {
        outcome = client.mend(server, asked)
        if (outcome.kind === 'gap') {
          client.tail.stopWaiting()
          outcome = client.hear(server, true)
        }
        asked = outcome.kind === 'mend' ? outcome.ids : []
      }
    }
    if (client.seq !== server.seq) continue
    for (const row of rows) {
      const state = table.state(rowId(row))
      const found = state && renamed(oracleRow(state, table.registers), (id) => nameOf.get(id)!)
      const expected = rowOf(order.slice(0, server.seq), row)
      if (!isDeepStrictEqual(found, expected)) {
        throw new Error(
          `history ${seed}, position ${server.seq}, ${row}, after ${client.mends} mends: ` +
            `core ${showRow(found)}, oracle ${showRow(expected)}`,
        )
      }
      for (const [reg, ours, theirs] of state ? basesOf(state, row) : []) {
        if (isDeepStrictEqual(ours, theirs) || (ours === 'unknown' && !isSaid)) continue
        const text = [ours, theirs].map((base) => JSON.stringify(base)).join(', must be ')
        throw new Error(`history ${seed}, position ${server.seq}, ${row}.${reg}: base is ${text}`)
      }
    }
  }
  return client.mends
}

test.each<[string, Partial<HistoryOptions>]>([
  ['usual edits and merges', {}],
  ['writes that keep a part of a conflict', { keep: 0.4, exchange: 0.3 }],
  ['parents that are no heads', { oddParents: 0.4, keep: 0.2 }],
  ['few rows, authors who seldom listen', { rows: 2, authors: 7, exchange: 0.25 }],
])('S21 snapshot + tail = full replay: %s, with history let go and mended', (_, options) => {
  let mends = 0
  for (let seed = 1; seed <= 25; seed++) mends += play(seed, { messages: 50, ...options })
  expect(mends).toBeGreaterThan(25)
})

test('§9: without the reviewer’s word, what stood before is exact or unknown', () => {
  for (let seed = 1; seed <= 12; seed++)
    play(seed, { messages: 50, keep: 0.3, exchange: 0.3, isSaid: false })
})
