/** Histories over a link that repeats, mixes and loses; and through a session with a reviewer. */
import { describe, expect, test } from 'vitest'
import { CountersignError } from '../base/outcome.ts'
import { LIMITS } from '../facts/limits.ts'
import type { SessionOpening } from '../facts/message.ts'
import { BATCH_BOUNDS } from '../wire/bounds.ts'
import { composeBatch } from '../wire/compose-batch.ts'
import {
  type ReviewerFrame,
  type Term,
  authorFrame,
  parseReviewerFrame,
  reviewerFrame,
} from '../wire/frames.ts'
import { bindBytes } from '../wire/signed.ts'
import { readTold, tellMessage } from '../wire/told.ts'
import { Lineage } from '../history/lineage.ts'
import { Repo } from '../rows/repo.ts'
import { DESK_SPACE, Desk, type HandAuthor } from '../testing/desk.ts'
import { Histories, type HistoryAnswer, type ReviewedMessage } from './history.ts'
import { Outbox } from './outbox.ts'
import type { SessionHost } from './session-host.ts'
import { SyncSession } from './session.ts'
import { TailReader } from './tail.ts'

/** One message as a reviewer tells of it. */
interface Told {
  readonly text: string
  readonly term: Term
}

/** A chain of messages of one entity, in one batch of some epoch. */
async function chain(
  length: number,
  person = 'ann',
): Promise<{ id: string; all: readonly Told[] }> {
  const desk = await Desk.open()
  if (person !== 'ann') await desk.author('ann') // ids of another entity, by another author
  const ann = await desk.author(person)
  const messages = [ann.create('issue', { n: 0 })]
  for (let n = 1; n < length; n++) messages.push(ann.change([messages.at(-1)!], { n }))
  const id = messages[0]!.changes[0]!.entityId
  const judged = messages.map(({ session, flush }) => ({
    ...{ session, flush, first: 0, end: 1, verdicts: [{ accepted: true }] },
  }))
  const batch = composeBatch({ fromSeq: 1, at: 5, judged }, '')
  if (!batch.ok) throw new Error(batch.error.message)
  const term = { reviewerId: ann.authorId, eid: ann.sessionId, epoch: 1 }
  const all = messages.map((_, i) => {
    const text = tellMessage(batch.value.layout, i + 1, id)
    if (!text.ok) throw new Error(text.error.message)
    return { text: text.value, term }
  })
  return { id, all }
}

type Part = ReviewerFrame & { readonly kind: 'history' }

function partOf(
  about: Pick<Part, 'entityId' | 'asOfSeq' | 'part' | 'end'>,
  told: readonly Told[],
): Part {
  const terms = told.slice(0, 1).map(({ term }) => term)
  const messages = told.map(({ text }) => ({ term: 0, lines: text.split('\n').length }))
  const texts = told.map(({ text }) => text).join('\n')
  const frame = parseReviewerFrame(
    reviewerFrame('history', { ...about, terms, messages, sig: 'sig' }, texts),
  )
  if (!frame.ok || frame.value.kind !== 'history') throw new Error('the frame is none')
  return frame.value
}

/** What who has asked is answered with. */
function readOf(entityId: string, told: readonly Told[]): readonly ReviewedMessage[] {
  return told.map(({ text, term }) => {
    const read = readTold(text, { space: DESK_SPACE, entityId, bounds: BATCH_BOUNDS })
    if (!read.ok) throw new Error(read.error.message)
    return { ...read.value, ...term }
  })
}

describe('an answer', () => {
  test('HIST1 history: counts when all its parts have arrived, repeated and in any order', async () => {
    const { id, all } = await chain(6)
    const histories = new Histories(DESK_SPACE)
    const sent: string[] = []
    const answer = histories.ask(id, { nowMs: 0, asOfSeq: 0, send: (frame) => sent.push(frame) })
    expect(histories.ask(id, { nowMs: 0, asOfSeq: 0, send: (frame) => sent.push(frame) })).toBe(
      answer,
    )
    expect(sent).toEqual([authorFrame('history', { entityId: id })])
    const about = { entityId: id, asOfSeq: 6 }
    const parts = [
      partOf({ ...about, part: 0, end: 'more' }, all.slice(4)),
      partOf({ ...about, part: 1, end: 'more' }, all.slice(2, 4)),
      partOf({ ...about, part: 2, end: 'cut' }, all.slice(1, 2)),
    ] as const
    // Of an older answer, and of a newer one after it: only the newest counts.
    const older = partOf({ ...about, asOfSeq: 2, part: 0, end: 'more' }, all.slice(0, 2))
    for (const part of [older, parts[2], parts[0], older, parts[0], parts[2], parts[1]])
      expect(histories.heard(part, 1)).toBeUndefined()
    expect(await answer).toEqual({ messages: readOf(id, all.slice(1)), complete: false })
    expect(histories.heard(parts[0], 1)).toBeUndefined() // late, and of no use any more
  })

  test('HIST6 an answer as of an earlier seq than that of the question is an old one', async () => {
    const { id, all } = await chain(2)
    const histories = new Histories(DESK_SPACE)
    const answer = histories.ask(id, { nowMs: 0, asOfSeq: 3, send: () => {} })
    const partAt = (asOfSeq: number, told: typeof all): Part =>
      partOf({ entityId: id, asOfSeq, part: 0, end: 'whole' }, told)
    expect(histories.heard(partAt(2, all.slice(0, 1)), 1)).toBeUndefined()
    expect(histories.heard(partAt(3, all), 1)).toBeUndefined()
    expect((await answer).messages).toHaveLength(2)
  })

  test('HIST4 history: what is not a history of that entity is malformed, and changes nothing', async () => {
    const { id, all } = await chain(2)
    const histories = new Histories(DESK_SPACE)
    const answer = histories.ask(id, { nowMs: 0, asOfSeq: 0, send: () => {} })
    const good = partOf({ entityId: id, asOfSeq: 2, part: 0, end: 'whole' }, all)
    const [first, second] = good.messages as [Part['messages'][0], Part['messages'][0]]
    const lines = good.texts.split('\n')
    const textOf = (at: number, line: string): string => lines.with(at, line).join('\n')
    const bad: Partial<Part>[] = [
      { messages: [] },
      { messages: [first] },
      { messages: [first, second, second] },
      { messages: [{ ...first, lines: first.lines + 1 }, second] },
      { messages: [{ ...first, lines: 0 }, second] },
      { messages: [first, { ...second, term: 1 }] },
      { terms: [] },
      { texts: '' },
      { texts: `${good.texts}\n` },
      { texts: lines.slice(1).join('\n') },
      { texts: textOf(0, lines[0]!.replace('"batch",1', '"batch",0')) },
      { texts: textOf(1, '0') }, // a session by number: nobody has told which
      { texts: textOf(1, lines[1]!.replace('[2,', '[3,')) },
      { texts: textOf(2, '[0,[],[0,"",1,[]]]') },
      { texts: textOf(3, `"${'A'.repeat(43)}"`) }, // the change that it tells of
    ]
    for (const part of bad) expect(histories.heard({ ...good, ...part }, 1)).toBeTypeOf('string')
    const other = await chain(1, 'bob')
    const foreign = partOf({ entityId: other.id, asOfSeq: 1, part: 0, end: 'whole' }, other.all)
    expect(histories.heard({ ...foreign, entityId: id }, 1)).toBeTypeOf('string')
    expect(histories.heard(foreign, 1)).toBeUndefined() // nobody asked
    histories.heard(good, 1)
    expect(await answer).toEqual({ messages: readOf(id, all), complete: true })
  })

  test('HIST5 history: is asked for again when nothing comes, and given up after three times', async () => {
    const { id, all } = await chain(2)
    const histories = new Histories(DESK_SPACE)
    let asked = 0
    const send = (): void => void asked++
    const answer = histories.ask(id, { nowMs: 0, asOfSeq: 0, send })
    histories.tick(9_000, send)
    expect(asked).toBe(1)
    histories.heard(partOf({ entityId: id, asOfSeq: 2, part: 0, end: 'more' }, all), 9_000)
    histories.tick(12_000, send)
    expect(asked).toBe(1)
    for (const now of [20_000, 31_000, 42_000]) histories.tick(now, send)
    expect(asked).toBe(3)
    const error: unknown = await answer.catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(CountersignError)
    expect(error).toMatchObject({ code: 'unavailable', id })
  })

  test('HIST5 bounds: at most 8 are waited for, and a lost link ends them all', async () => {
    const histories = new Histories(DESK_SPACE)
    const ids = Array.from({ length: 9 }, (_, n) => `0190a6b2-3c4d-8e5f-8a7b-00000000000${n}`)
    const answers = ids.map((id) =>
      histories
        .ask(id, { nowMs: 0, asOfSeq: 0, send: () => {} })
        .catch((error: unknown) => (error as CountersignError).reason),
    )
    expect(await answers[8]).toMatch(/^8 histories/)
    histories.lost()
    expect(await Promise.all(answers.slice(0, 8))).toEqual(
      ids.slice(0, 8).map(() => 'the link was lost'),
    )
    expect(LIMITS.historiesMax).toBe(8)
  })
})

/** A session by itself: what a replica would keep is dropped. */
function sessionWith(
  desk: Desk,
  opening: SessionOpening,
): { session: SyncSession; cut: () => void } {
  const repo = new Repo({
    entities: [],
    viewer: { authorId: () => undefined, isMine: () => false, volatile: () => false },
    onListenerError: (error) => {
      throw error
    },
    onTable: () => {},
  })
  const host: SessionHost = {
    token: () => undefined,
    refusedSessions: () => {},
    may: () => {},
    me: () => {},
    openings: () => [opening],
    isClaim: () => false,
    isNative: true,
    verify: (bytes, sig) => desk.signer.verify(desk.keys.publicKey, bytes, sig),
    // A simulated key is its own secret.
    prove: ({ publicKey, sessionId }, nonce) =>
      desk.signer.sign(
        { publicKey, secret: { simulated: publicKey } },
        bindBytes(DESK_SPACE, sessionId, nonce),
      ),
    verifySeal: (...given) => desk.signer.verify(...given),
    alarm: () => {},
    judge: async () => undefined,
    greeted: (epochs) => new Lineage(epochs),
    follow: () => {},
    held: async () => [],
    taken: () => {},
    replaced: () => {},
    shown: () => {},
    acceptedAgain: () => {},
    nacked: () => {},
    rejected: () => {},
    rejectionsOf: () => [],
    changed: () => {},
  }
  let cut = (): void => {}
  const session = new SyncSession({
    ...{ limits: LIMITS, hasPeers: false },
    space: DESK_SPACE,
    transport: {
      connect(events) {
        const attached = desk.reviewer.connect(
          {
            send: (text) => desk.clock.soon(() => events.frame(text)),
            close: (reason) => events.closed(reason),
          },
          { address: 'session' },
        )
        desk.clock.soon(() => events.open())
        cut = () => events.closed('cut')
        return {
          send: (text) => desk.clock.soon(() => attached.frame(text)),
          close: () => attached.closed(),
        }
      },
    },
    clock: desk.clock,
    random: desk.random,
    outbox: new Outbox(),
    tail: new TailReader(repo, {
      space: DESK_SPACE,
      bounds: BATCH_BOUNDS,
      findOwn: () => undefined,
      findWaiting: () => undefined,
      heldChainsMax: LIMITS.heldChainsMax,
      onOtherHistory: () => {},
      onTaken: () => {},
      onDisowned: () => {},
      onErased: () => {},
      onErasedElsewhere: () => {},
    }),
    host,
  })
  return { session, cut: () => cut() }
}

async function answered(desk: Desk, answer: Promise<HistoryAnswer>): Promise<HistoryAnswer> {
  answer.catch(() => {})
  for (let turn = 0; turn < 20; turn++) await desk.settle()
  return answer
}

describe('a session', () => {
  async function withRows(): Promise<{ desk: Desk; ann: HandAuthor; id: string; ids: string[] }> {
    const desk = await Desk.open()
    const ann = await desk.author('ann')
    const root = ann.create('issue', { title: 'a' })
    const next = ann.change([root], { title: 'b' })
    await ann.offer(root, next)
    return { desk, ann, id: root.changes[0]!.entityId, ids: [root.id, next.id] }
  }

  test('§22 history: has it from the reviewer, as plain data', async () => {
    const { desk, ann, id, ids } = await withRows()
    const { session } = sessionWith(desk, await ann.opening())
    session.start()
    await desk.settle()
    expect(session.state).toBe('online')
    const { messages, complete } = await answered(desk, session.requests.history(id))
    expect([messages.map((message) => message.id), complete]).toEqual([ids, true])
    session.stop('closed')
  })

  test('§22 history: is unavailable offline, and when the link is lost on the way', async () => {
    const { desk, ann, id } = await withRows()
    const { session, cut } = sessionWith(desk, await ann.opening())
    await expect(session.requests.history(id)).rejects.toMatchObject({ code: 'unavailable' })
    session.start()
    await desk.settle()
    const answer = session.requests.history(id)
    cut()
    await expect(answer).rejects.toMatchObject({ code: 'unavailable', reason: 'the link was lost' })
    session.stop('closed')
  })
})
