/**
 * A replica that does not have everything: it begins with a snapshot, and follows the tail from
 * there. At every position it reaches, its rows are those of the oracle over the whole history, and
 * it knows what stood before each conflict as the reviewer does.
 */
import { isDeepStrictEqual } from 'node:util'
import { hash, uuid8, type Base, type Bases, type Message } from '@countersign/core/message'
import { packMessages, pageText, runText } from '@countersign/core/protocol'
import {
  type EntityState,
  baseOf,
  basesFor,
  giveReview,
  intake,
  liveOf,
  PageWriter,
  Repo,
  SpaceState,
  TailReader,
  writesOf,
} from '@countersign/core/testing'
import { expect, test, vi } from 'vitest'
import { Ancestry } from '../model/ancestry.ts'
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
  readonly space: SpaceState = new SpaceState(0)
  readonly runs: { readonly toSeq: number; readonly text: string }[] = []
  seq = 0

  commit(messages: readonly Message[]): void {
    const bases = new Map<number, readonly Bases[]>()
    const chain = hash('cs/chain', this.seq)
    const head = { fromSeq: this.seq + 1, at: 0, forked: [], chain, bases }
    for (const [i, message] of messages.entries()) {
      const tableOf = (): ReturnType<SpaceState['registers']> => this.space.registers(Manifest.name)
      const { authorId, sessionId } = message.header
      const entry = intake(message, { session: { authorId, sessionId }, arrival: 0, tableOf })
      const before = entry.writes.map(({ entityId }) => this.space.entity(entityId)?.state)
      const changesOf = (id: string) => this.space.entity(id)?.changes ?? []
      const said = basesFor(entry, { before, changesOf, tableOf })
      if (said) bases.set(i, said)
      giveReview(entry, {
        ...by,
        seq: ++this.seq,
        forked: false,
        at: 0,
        ...(said && { bases: said }),
      })
      this.space.commit([entry])
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
  const ancestry = new Ancestry()
  const made = new Map<string, Message>()
  for (const message of order) {
    const author = authors.get(message.author) ?? new Author(space, message.author, random.split())
    authors.set(message.author, author)
    const names = { row: rowId, message: (name: string) => made.get(name)!.id, ancestry }
    made.set(message.id, author.message(message, names))
  }
  const nameOf = new Map([...made].map(([name, { id }]) => [id, name]))
  return { order, made: [...made.values()], nameOf }
}

class Client {
  readonly repo: Repo = new Repo({
    entities: [Manifest],
    viewer: { authorId: () => undefined, volatile: () => false },
    onListenerError: (error) => expect.fail(String(error)),
    onTable: () => {},
  })
  readonly tail: TailReader = new TailReader(this.repo, space, {
    findOwn: () => undefined,
    findWaiting: () => undefined,
  })

  get seq(): number {
    return this.tail.position?.seq ?? 0
  }

  begin(server: Server): void {
    const ids = [...server.space.entities()].map(([id]) => id)
    const at = { position: server.position, settled: new Map() }
    expect(this.tail.snapshot([server.page(ids)], at).kind).toBe('applied')
  }

  /** Everything since its position, as after a gap; else the last run alone. */
  hear(server: Server, all: boolean): string {
    const runs = all ? server.runs.filter(({ toSeq }) => toSeq > this.seq) : server.runs.slice(-1)
    const texts = runs.map(({ text }) => JSON.parse(text) as unknown)
    return this.tail.tail(texts, server.position, by).kind
  }
}

/** Plays one story; returns how many bases were compared. */
function play(seed: number, options: Partial<HistoryOptions>): number {
  const { order, made, nameOf } = storyOf(seed, options)
  const random = new Random(seed + 1_000)
  const server = new Server()
  const client = new Client()
  const snapshotAt = random.below(order.length / 2)
  const table = client.repo.tableNamed(Manifest.name)
  const rows = new Set(order.flatMap(({ changes }) => changes.map((change) => change.entity)))
  let compared = 0

  /** What client and server know of the registers with several live writes. */
  function* basesOf(state: EntityState, row: string): Iterable<readonly [string, Base, Base]> {
    const theirs = server.space.entity(rowId(row))!.state
    for (const [slot, reg] of table.registers.names.entries()) {
      const live = writesOf(liveOf(state, slot))
      if (reg === '$archived' || live.length < 2) continue
      const there = server.space.registers(Manifest.name).slot(reg)
      yield [reg, baseOf(state, slot), baseOf(theirs, there)]
    }
  }

  for (let at = 0; at < made.length;) {
    const count = Math.min(random.between(1, 3), made.length - at)
    server.commit(made.slice(at, at + count))
    at += count
    if (server.seq < snapshotAt) continue
    if (client.seq === 0 && server.seq > count) client.begin(server)
    // A run that was missed is fetched with the next.
    else if (random.chance(0.9) && client.hear(server, false) === 'gap')
      expect(client.hear(server, true)).toBe('applied')
    if (client.seq !== server.seq) continue
    for (const row of rows) {
      const state = table.state(rowId(row))
      const found = state && renamed(oracleRow(state, table.registers), (id) => nameOf.get(id)!)
      const expected = rowOf(order.slice(0, server.seq), row)
      if (!isDeepStrictEqual(found, expected)) {
        throw new Error(
          `history ${seed}, position ${server.seq}, ${row}: ` +
            `core ${showRow(found)}, oracle ${showRow(expected)}`,
        )
      }
      for (const [reg, ours, theirs] of state ? basesOf(state, row) : []) {
        compared++
        if (isDeepStrictEqual(ours, theirs)) continue
        const text = [ours, theirs].map((base) => JSON.stringify(base)).join(', must be ')
        throw new Error(`history ${seed}, position ${server.seq}, ${row}.${reg}: base is ${text}`)
      }
    }
  }
  return compared
}

test.each<[string, Partial<HistoryOptions>]>([
  ['usual edits and merges', {}],
  ['writes that keep a part of a conflict', { keep: 0.4, exchange: 0.3 }],
  ['parents that are no heads', { oddParents: 0.4, keep: 0.2 }],
  ['few rows, authors who seldom listen', { rows: 2, authors: 7, exchange: 0.25 }],
])('S21 snapshot + tail = full replay: %s', (_, options) => {
  let compared = 0
  for (let seed = 1; seed <= 25; seed++) compared += play(seed, { messages: 50, ...options })
  expect(compared).toBeGreaterThan(100)
})
