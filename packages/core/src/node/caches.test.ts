/**
 * What is at hand decides nothing. Two reviewers with one key are told the same by the same authors:
 * one holds everything in memory, the other next to nothing, and both are restarted and killed at the
 * same moments. Every frame that they send must be the same text, and so must all that is stored. Their
 * randomness is constant, so that salts are the same, too.
 */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { bytesOf } from '../base/size.ts'
import type { Limits } from '../facts/limits.ts'
import type { Random } from '../ports/random.ts'
import type { Expectation } from '../facts/types.ts'
import { entity } from '../schema/entity.ts'
import { DESK_SPACE, Desk, type HandAuthor, type HandMessage } from '../testing/desk.ts'
import { FaultySpaces } from '../testing/faulty-spaces.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import { ProcessClock } from '../testing/virtual-clock.ts'
import { authorFrame } from '../wire/frames.ts'
import type { Attached, Reviewer, ReviewerEvent } from './api.ts'
import { sequence, slug } from '../review/assign.ts'
import { createReviewer } from './reviewer.ts'
import { rulesFor } from '../testing/rules-for.ts'
import type { ReviewRule } from '../review/rules.ts'

const shape = { title: z.string(), points: z.number().optional() }
const Issue = entity('issue', z.object(shape))
const Strict = entity('strict', z.object(shape), { stale: 'reject' })
const Invoice = entity('invoice', z.object({ ...shape, no: z.number() })).assigned('no')
const Page = entity('page', z.object({ ...shape, path: z.string() })).assigned('path')
const entities = [Issue, Strict, Invoice, Page]

const rules = rulesFor(
  entities.map(({ name }) => name),
  (_, __, row) => row?.['title'] !== 'locked' || 'it is locked',
)
const review: ReviewRule = ({ changes }, rows) => {
  if (changes.length !== 1) return undefined
  const { entity: type, after } = changes[0]!
  if (type === 'strict') {
    // The order of all rows is part of the answer.
    const all = rows.rows(Strict)
    return all.length > 9 ? all.map(({ title }) => title).join() : undefined
  }
  if (type !== 'issue' || after['title'] !== 'odd') return undefined
  const odd = rows.query(Issue, { where: { title: 'odd' } })
  return odd.length > 3 ? `there are ${odd.length}` : undefined
}

const constant: Random = { unit: () => 0.5, bytes: (count) => new Uint8Array(count) }

/** One of the two, with what it sends on each link. */
class Side {
  readonly spaces: FaultySpaces
  readonly events: ReviewerEvent[] = []
  readonly #desk: Desk
  readonly #limits: Partial<Limits>
  #clock!: ProcessClock
  reviewer!: Reviewer

  constructor(desk: Desk, limits: Partial<Limits>) {
    this.#desk = desk
    this.#limits = limits
    this.spaces = new FaultySpaces({ clock: desk.clock })
  }

  async start(): Promise<void> {
    const { keys, signer, clock } = this.#desk
    this.#clock = new ProcessClock(clock)
    const made = createReviewer({
      ...{ entities, rules, review, keys, signer, random: constant, limits: this.#limits },
      assign: {
        invoice: { no: sequence() },
        page: { path: slug('title') },
      },
      space: DESK_SPACE,
      spaces: this.spaces.connect(this.#clock),
      clock: this.#clock,
      onEvent: (event) => this.events.push(event),
    })
    await this.#desk.settle()
    this.reviewer = await made
  }

  kill(): void {
    this.#clock.kill()
  }

  async close(): Promise<void> {
    const closed = this.reviewer.close()
    await this.#desk.settle()
    await closed
  }

  /** Everything that is durable, as text. */
  stored(authors: readonly HandAuthor[], ids: readonly string[]): unknown {
    const tables = this.spaces.tables(DESK_SPACE)
    const all = bytesOf(1e9)
    return {
      head: tables.head(),
      batches: tables.batches(0, all),
      seals: tables.batches(0, all).map(({ toSeq }) => tables.seals(toSeq)),
      states: tables.states(ids, all),
      changes: ids.map((id) => tables.changes(id, 1e9, { count: 1e9, bytes: all })),
      sessions: tables.sessions(authors.map(({ sessionId }) => sessionId)),
      ledger: authors.map(({ sessionId }) => tables.ledgerRuns(sessionId, 1, 1e9)),
      rejections: authors.map(({ sessionId }) => tables.rejections(sessionId, 1, 1e9)),
    }
  }
}

/** A reviewer of the desk that hands everything on to both. */
function both(
  desk: Desk,
  sides: readonly [Side, Side],
  frames: readonly [string[], string[]],
): void {
  const { publicKey, space, state } = sides[0].reviewer
  let links = 0
  desk.use({
    ...{ publicKey, space, state },
    evidence: () => Promise.resolve([]),
    connect: (link, peer): Attached => {
      const no = links++
      const ends = sides.map(({ reviewer }, i) =>
        reviewer.connect(
          {
            send: (frame) => {
              frames[i]!.push(`${no} ${frame}`)
              if (i === 0) link.send(frame)
            },
            close: (reason) => frames[i]!.push(`${no} closed: ${reason}`),
          },
          peer,
        ),
      )
      return {
        frame: (text) => ends.forEach((end) => end.frame(text)),
        closed: () => ends.forEach((end) => end.closed()),
      }
    },
    rightsChanged: () => {},
    eraseValues: () => Promise.reject(new Error('unused')),
    revoke: async () => {},
    readmit: async () => {},
    close: async () => {},
  })
}

/** Makes messages of all kinds on what was written so far. */
class Script {
  readonly random: SeededRandom
  readonly ids: string[] = []
  readonly #authors: readonly HandAuthor[]
  readonly #written: HandMessage[] = []
  readonly #byId = new Map<string, HandMessage[]>()

  constructor(seed: number, authors: readonly HandAuthor[]) {
    this.random = new SeededRandom(seed)
    this.#authors = authors
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random.unit() * items.length)]!
  }

  isNow(share: number): boolean {
    return this.random.unit() < share
  }

  author(): HandAuthor {
    return this.pick(this.#authors)
  }

  /** One or several messages of an author, which go together. */
  next(author: HandAuthor): readonly HandMessage[] {
    if (this.#written.length > 0 && this.isNow(0.15)) {
      const own = this.#ownOf(author)
      if (own.length > 0) return [this.pick(own)]
    }
    const made = [this.#message(author)]
    if (this.isNow(0.3)) made.push(this.#create(author), this.#message(author))
    const ascend = made.every(({ clientSeq }, i) => clientSeq > (made[i - 1]?.clientSeq ?? 0))
    const sent = ascend ? author.together(...made) : made
    for (const message of sent) {
      this.#written.push(message)
      for (const { entityId } of message.changes) {
        if (!this.#byId.has(entityId)) this.ids.push(entityId)
        this.#byId.set(entityId, [...(this.#byId.get(entityId) ?? []), message])
      }
    }
    return sent
  }

  #ownOf({ sessionId }: HandAuthor): readonly HandMessage[] {
    return this.#written.filter(({ session }) => session.facts.sessionId === sessionId)
  }

  #message(author: HandAuthor): HandMessage {
    const kind = this.random.unit()
    if (this.ids.length === 0 || kind < 0.3) return this.#create(author)
    if (kind < 0.36) return this.#pair(author)
    const id = this.pick(this.isNow(0.6) ? this.ids.slice(-6) : this.ids)
    const history = this.#byId.get(id)!
    const recent = this.isNow(0.7) ? history.slice(-2) : history
    const parents = [
      ...new Set([this.pick(recent), ...(this.isNow(0.3) ? [this.pick(recent)] : [])]),
    ]
    const change = parents[0]!.changes.find(({ entityId }) => entityId === id)!
    const { type } = change.shape
    const verb = parents.length > 1 || this.isNow(0.1) ? 'resolve' : 'update'
    return author.message([{ type, id, kind: verb, values: this.#values(), parents }], {
      ...(this.isNow(0.1) && { expect: this.#expect() }),
    })
  }

  #expect(): Expectation[] {
    return [{ entityId: this.pick(this.ids) }]
  }

  #create(author: HandAuthor): HandMessage {
    if (this.isNow(0.05)) return author.create('issue', { title: 4 })
    if (this.ids.length > 0 && this.isNow(0.05)) {
      const id = this.pick(this.ids)
      return author.message([{ type: 'issue', id, kind: 'create', values: { title: 'taken' } }])
    }
    const type = this.pick(['issue', 'issue', 'strict', 'invoice', 'page'])
    const own = this.#ownOf(author)
    if (own.length > 0 && this.isNow(0.08)) {
      const values = { title: this.#title() }
      const { clientSeq } = this.pick(own)
      return author.message([{ type, id: author.ids.next(), kind: 'create', values }], {
        clientSeq,
      })
    }
    return author.create(type, { title: this.#title() })
  }

  #pair(author: HandAuthor): HandMessage {
    const parent = this.#byId.get(this.pick(this.ids))!.at(-1)!
    const {
      entityId: id,
      shape: { type },
    } = parent.changes[0]!
    const fresh = { type: 'page', id: author.ids.next(), kind: 'create' } as const
    return author.message([
      { ...fresh, values: { title: this.#title() } },
      { type, id, kind: 'update', values: this.#values(), parents: [parent] },
    ])
  }

  #title(): string {
    return this.pick(['a', 'b', 'odd', 'odd', 'locked', 'ü'.repeat(9), `${this.random.unit()}`])
  }

  #values(): Record<string, string | number | boolean> {
    return this.pick<Record<string, string | number | boolean>>([
      { title: this.#title() },
      { title: this.#title() },
      { points: Math.floor(this.random.unit() * 100) },
      { title: this.#title(), points: 3 },
      { $archived: this.isNow(0.5) },
    ])
  }
}

const tiny: Partial<Limits> = { cacheBytesMax: 1, ledgerCacheMax: 2, dirtyStatesMax: 2 }
const STEPS = 60

const refusals = [
  ...['invalid', 'stale', 'unauthorised', 'entity_exists', 'seq_reused', 'parent_rejected'],
  ...['parent_unknown', 'precondition_failed'],
]
/** Of all refusals and delays so far. */
const reasons = new Set<string>()

async function compare(
  seed: number,
  common: Partial<Limits>,
  small: Partial<Limits>,
): Promise<number> {
  const desk = await Desk.open()
  const sides = [new Side(desk, common), new Side(desk, { ...common, ...small })] as const
  const frames: readonly [string[], string[]] = [[], []]
  const start = async (): Promise<void> => {
    for (const side of sides) await side.start()
    both(desk, sides, frames)
  }
  await start()
  const authors = await Promise.all(['ann', 'bob', 'eve'].map((name) => desk.author(name)))
  const script = new Script(seed, authors)
  let compared = 0
  for (let step = 0; step < STEPS; step++) {
    const kind = script.random.unit()
    if (kind < 0.04 || kind > 0.97) {
      for (const side of sides) {
        if (kind < 0.04) side.kill()
        else await side.close()
      }
      await start()
      for (const author of authors) await author.connect()
    } else if (kind < 0.12) await desk.pass(1_500)
    else if (kind < 0.16) await script.author().follow()
    else if (kind < 0.2 && script.ids.length > 0) {
      script.author().send(authorFrame('history', { entityId: script.pick(script.ids) }))
      await desk.pass(200)
    } else {
      const some = script.isNow(0.3) ? authors : [script.author()]
      // All of them arrive in one turn.
      const offers = some.map((author) => ({ author, messages: script.next(author) }))
      const sealed = await Promise.all(
        offers.map(async ({ author, messages }) => ({
          author,
          messages,
          seals: await Promise.all(messages.map(({ flush }) => author.seal(flush))),
        })),
      )
      for (const { author, messages, seals } of sealed) {
        const sent = new Set<unknown>()
        for (const [i, { flush, session }] of messages.entries()) {
          if (sent.has(flush)) continue
          sent.add(flush)
          author.offerFlush(session, flush, seals[i]!)
        }
      }
      await desk.settle()
    }
    expect(frames[1], `seed ${seed}, step ${step}`).toEqual(frames[0])
    compared += frames[0].length
    for (const list of frames) list.length = 0
  }
  for (const side of sides) await side.close()
  const [large, other] = sides.map((side) => side.stored(authors, script.ids))
  expect(other, `seed ${seed}`).toEqual(large)
  const told = (side: Side): unknown[] =>
    side.events.map((event) => (event.type === 'committed' ? { ...event, durationMs: 0 } : event))
  expect(told(sides[1]), `seed ${seed}`).toEqual(told(sides[0]))
  expect(sides[0].events.filter(({ type }) => type === 'store_failed')).toEqual([])
  for (const event of sides[0].events)
    if (event.type === 'rejected' || event.type === 'nacked') reasons.add(event.reason)
  return compared
}

describe('S16 caches: what is at hand decides nothing', () => {
  const cases: [string, Partial<Limits>, Partial<Limits>][] = [
    ['all of them', {}, tiny],
    ['and short histories of bases', { baseChangesMax: 2 }, tiny],
    ['states', {}, { cacheBytesMax: 1 }],
    ['verdicts', {}, { ledgerCacheMax: 2 }],
    ['states that wait', {}, { dirtyStatesMax: 2 }],
    ['in snapshots', { tailChangesMax: 0, pageEntitiesMax: 3 }, tiny],
  ]
  test.each(cases)('%s', async (_, common, small) => {
    let frames = 0
    for (let seed = 1; seed <= 3; seed++) frames += await compare(seed, common, small)
    expect(frames).toBeGreaterThan(300)
    // The authors did all that is refused, or delayed.
    for (const reason of refusals) expect(reasons).toContain(reason)
  })
})
