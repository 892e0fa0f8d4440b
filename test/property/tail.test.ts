/**
 * A replica that does not have everything: it begins with a snapshot, and follows the tail from
 * there. At every position it reaches, its rows are those of the oracle over the whole history, and
 * it knows what stood before each conflict as the reviewer does.
 */
import { isDeepStrictEqual } from 'node:util'
import { type Base, hash, type Hash, LIMITS, uuid8 } from '@countersign/core/message'
import {
  BATCH_BOUNDS,
  composeBatch,
  type JudgedMessage,
  keptReview,
  pageText,
  parseReviewerFrame,
  type ReviewerFrame,
  reviewerFrame,
} from '@countersign/core/protocol'
import {
  type EntityState,
  baseOf,
  basesFor,
  CacheBudget,
  giveReview,
  liveOf,
  PageWriter,
  Repo,
  reviewOf,
  SeededRandom,
  SpaceState,
  storedText,
  TailReader,
  toEntry,
  type Write,
  writesOf,
} from '@countersign/core/testing'
import { expect, test, vi } from 'vitest'
import { Ancestry, type Written } from '../model/ancestry.ts'
import { Author, type AuthoredFlush } from '../model/author.ts'
import { saltsFor } from '../model/by-hand.ts'
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
const by = {
  reviewerId: space,
  eid: uuid8(new Uint8Array(32).fill(2)),
  epoch: 1,
  chain: hash('cs/chain', 0),
}

/** The reviewer's side: states by its own class, batches as texts, pages on demand. */
class Server {
  /** Nothing is written behind, so whatever was committed stays at hand. */
  readonly space: SpaceState = new SpaceState({
    budget: new CacheBudget(0),
    heldChainsMax: LIMITS.heldChainsMax,
  })
  readonly #changes = new Map<string, Write[]>()
  readonly batches: { readonly toSeq: number; readonly text: string }[] = []
  readonly #bytes = new SeededRandom(1)
  seq = 0
  #chain: Hash = by.chain

  commit(flushes: readonly AuthoredFlush[]): void {
    const fromSeq = this.seq + 1
    const judged = flushes.map(({ session, flush, messages }) => ({
      session,
      flush,
      first: 0,
      end: messages.length,
      verdicts: messages.map((message) => this.#accept(message)),
    }))
    const composed = composeBatch({ fromSeq, at: 0, judged }, this.#chain)
    if (!composed.ok) throw new Error(composed.error.message)
    const { layout, throughSeq, chain } = composed.value
    expect(throughSeq).toBe(this.seq)
    this.#chain = chain
    this.batches.push({ toSeq: this.seq, text: storedText(layout) })
  }

  #accept(message: AuthoredFlush['messages'][0]): JudgedMessage {
    const tableOf = (): ReturnType<SpaceState['registers']> => this.space.registers(Manifest.name)
    const { authorId, sessionId } = message.session.facts
    const entry = toEntry(message, { session: { authorId, sessionId }, arrival: 0, tableOf })
    for (const { entityId } of entry.writes)
      if (!this.space.has(entityId)) this.space.loaded(entityId, undefined)
    const bases = basesFor(entry, {
      before: entry.writes.map(({ entityId }) => this.space.entity(entityId)?.state),
      changesOf: (id) => this.#changes.get(id) ?? [],
      tableOf,
    })
    const salt = (): string => saltsFor([message.changes[0]!], (n) => this.#bytes.bytes(n))[0]!
    const review = reviewOf(message, { bases }, salt)
    const regs = message.changes.map(({ shape }) => shape.regs)
    const place = { seq: ++this.seq, review: review ?? null }
    giveReview(entry, keptReview(place, { ...by, at: 0 }, { regs, forked: false }))
    this.space.commit([entry])
    for (const write of entry.writes) {
      const changes = this.#changes.get(write.entityId)
      if (changes) changes.push(write)
      else this.#changes.set(write.entityId, [write])
    }
    return { accepted: true, review }
  }

  get position(): { eid: string; epoch: number; seq: number; chain: string } {
    return { eid: by.eid, epoch: 1, seq: this.seq, chain: this.#chain }
  }

  /** One page of every entity. */
  page(): string {
    const writer = new PageWriter()
    const held = [...this.#changes.keys()].map((id) => {
      const state = this.space.entity(id)!.state
      return writer.entity(Manifest.name, id, { state, table: this.space.registers(Manifest.name) })
    })
    return pageText(held)
  }
}

interface Story {
  readonly order: readonly TraceMessage[]
  readonly made: readonly AuthoredFlush[]
  readonly nameOf: ReadonlyMap<string, string>
}

function storyOf(seed: number, options: Partial<HistoryOptions>): Story {
  const random = new Random(seed)
  const order = causalOrder(generateHistory(seed, options).messages, random)
  const authors = new Map<string, Author>()
  const ancestry = new Ancestry()
  const made = new Map<string, AuthoredFlush>()
  for (const message of order) {
    const author = authors.get(message.author) ?? new Author(space, message.author, random.split())
    authors.set(message.author, author)
    const written = (name: string): Written => made.get(name)!.messages[0]!
    const draft = author.write(message, { row: rowId, message: written, ancestry })
    made.set(message.id, author.flush([draft])!)
  }
  const nameOf = new Map([...made].map(([name, { messages }]) => [messages[0]!.id, name]))
  return { order, made: [...made.values()], nameOf }
}

class Client {
  readonly repo: Repo = new Repo({
    entities: [Manifest],
    viewer: { authorId: () => undefined, isMine: () => false, volatile: () => false },
    onListenerError: (error) => expect.fail(String(error)),
    onTable: () => {},
  })
  readonly tail: TailReader = new TailReader(this.repo, {
    findOwn: () => undefined,
    findWaiting: () => undefined,
    space,
    bounds: BATCH_BOUNDS,
    heldChainsMax: LIMITS.heldChainsMax,
    onTaken: () => {},
    onDisowned: () => expect.fail('nothing is shown before its check'),
    onErased: () => expect.fail('nothing is erased'),
    onErasedElsewhere: () => expect.fail('nothing is erased'),
    onOtherHistory: (id, seq) => expect.fail(`message ${id} has seen another history at ${seq}`),
  })

  get seq(): number {
    return this.tail.position?.seq ?? 0
  }

  begin(server: Server): void {
    const at = { position: server.position, settled: new Map(), isOther: false }
    expect(this.tail.snapshot([server.page()], at).kind).toBe('applied')
  }

  /** Everything since its position, as after a gap; else the last batch alone. */
  hear(server: Server, all: boolean): string {
    const { batches, position } = server
    const heard = all ? batches.filter(({ toSeq }) => toSeq > this.seq) : batches.slice(-1)
    const texts = heard.map(({ text }) => text)
    const lines = texts.map((text) => text.split('\n').length)
    const frame = reviewerFrame('tail', { batches: lines, position }, texts.join('\n'))
    const parsed = parseReviewerFrame(frame)
    if (!parsed.ok) throw new Error(parsed.error.message)
    return this.tail.tail(parsed.value as ReviewerFrame & { kind: 'tail' }, by).kind
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
    // A batch that was missed is fetched with the next.
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
