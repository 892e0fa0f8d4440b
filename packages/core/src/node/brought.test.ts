/** Batches that peers have reviewed while home was away, brought to it by another store than the author's. */
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../facts/limits.ts'
import { storedText } from '../review/batch-text.ts'
import {
  Desk,
  type DeskOptions,
  type HandAuthor,
  type HandMessage,
  DESK_SPACE,
} from '../testing/desk.ts'
import { batchBounds } from '../wire/bounds.ts'
import { composeBatch } from '../wire/compose-batch.ts'
import { authorFrame } from '../wire/frames.ts'

const CHAIN = 'kvu-9CG-S7tqdkaQSu0Oia36yicciAbDVPxYXUSQ6aw'

/** A flush of one message, or of some of which peers have accepted a part. */
interface Written {
  readonly by: HandAuthor
  readonly messages: readonly HandMessage[]
  readonly isTaken?: (message: HandMessage) => boolean
}

/** The frame with a batch that a peer has made of these flushes. `alters`: its text. */
async function heldOf(
  written: readonly Written[],
  alters: (text: string) => string = (text) => text,
): Promise<string> {
  const judged = written.map(({ messages, isTaken = () => true }) => {
    const { session, flush } = messages[0]! // a flush has a message
    const verdicts = messages.map((one) =>
      isTaken(one)
        ? ({ accepted: true, review: undefined } as const)
        : { accepted: false as const },
    )
    return { session, flush, first: 0, end: messages.length, verdicts }
  })
  const composed = composeBatch({ fromSeq: 901, at: 5, judged }, CHAIN, batchBounds(LIMITS))
  if (!composed.ok) throw new Error(composed.error.message)
  const text = alters(storedText(composed.value.layout))
  const seals = await Promise.all(
    written.map(async ({ by, messages }) => ({
      ...{ publicKey: (await by.opening()).publicKey, seal: await by.seal(messages[0]!.flush) },
    })),
  )
  const { throughSeq: seq, chain } = composed.value
  return authorFrame(
    'held',
    {
      ...{
        epochs: [],
        from: { seq: 900, chain: CHAIN },
        batches: [text.split('\n').length],
        seals,
      },
      position: { eid: DESK_SPACE, epoch: 7, seq, chain },
    },
    text,
  )
}

/** Ann, who has written once and is gone, and Bob, who follows. */
async function scene(options: DeskOptions = {}): Promise<{
  readonly desk: Desk
  readonly ann: HandAuthor
  readonly bob: HandAuthor
  readonly row: HandMessage
  /** Bob brings a frame; the answer. */
  readonly brings: (frame: string) => Promise<unknown>
}> {
  const desk = await Desk.open(options)
  const ann = await desk.author('ann', 'ann')
  const row = ann.create('issue', { title: 'by home' })
  await ann.offer(row)
  ann.leave()
  const bob = await desk.author('bob', 'bob')
  await bob.follow()
  const brings = async (frame: string): Promise<unknown> => {
    bob.heard.length = 0
    bob.send(frame)
    await desk.settle()
    return bob.heard.find(({ kind }) => kind === 'back')
  }
  return { desk, ann, bob, row, brings }
}

const JUDGED = { kind: 'back', seq: 901, why: null }
const byToken: DeskOptions['authenticate'] = (auth) =>
  auth === undefined ? null : { personalId: auth, claims: { role: 'editor' } }

describe('PEER15 what peers have reviewed', () => {
  test('is judged as though its author had offered it, and once', async () => {
    const { desk, ann, bob, row, brings } = await scene()
    const edit = ann.change([row], { title: 'with the peers' })
    const frame = await heldOf([{ by: ann, messages: [edit] }])
    expect(await brings(frame)).toMatchObject(JUDGED)
    const { seq } = desk.reviewer.state
    expect(seq).toBe(2)
    expect(bob.heard.map(({ kind }) => kind)).toEqual(['tail', 'back'])
    expect(await brings(frame)).toMatchObject(JUDGED)
    await ann.connect()
    await ann.offer(edit)
    expect(ann.verdict(edit)).toBe('accepted')
    expect(desk.reviewer.state.seq).toBe(seq)
    // Whoever asks who has written it, gets the seal of the author.
    bob.send(authorFrame('seal', { seq: 2 }))
    await desk.settle()
    expect(bob.heard.at(-1)).toMatchObject({ kind: 'seal', seal: await ann.seal(edit.flush) })
    await desk.close()
  })

  test('is judged in the part that they have accepted, and the rest when its author offers it', async () => {
    const { desk, ann, row, brings } = await scene()
    const [one, two] = ann.together(
      ann.create('issue', { title: 'a' }),
      ann.create('issue', { title: 'b' }),
    )
    const messages = [one!, two!] // of two messages
    const frame = await heldOf([{ by: ann, messages, isTaken: (each) => each === two }])
    expect(await brings(frame)).toMatchObject(JUDGED)
    expect(desk.reviewer.state.seq).toBe(2)
    await ann.connect()
    await ann.offer(row, ...messages)
    expect(messages.map((each) => ann.verdict(each))).toEqual(['accepted', 'accepted'])
    expect(desk.reviewer.state.seq).toBe(3)
    await desk.close()
  })

  test('is refused by the rules of home, which tells its author alone', async () => {
    const rules = { issue: { update: () => 'nobody edits' } }
    const { desk, ann, bob, row, brings } = await scene({ rules })
    const edit = ann.change([row], { title: 'with the peers' })
    expect(await brings(await heldOf([{ by: ann, messages: [edit] }]))).toMatchObject(JUDGED)
    expect(bob.heard.map(({ kind }) => kind)).toEqual(['back'])
    await ann.connect()
    await ann.offer(edit)
    expect(ann.verdict(edit)).toBe('unauthorised')
    await desk.close()
  })

  test('waits for its parents, and the bringer hears so', async () => {
    const { desk, ann, row, brings } = await scene()
    const first = ann.change([row], { title: 'first' })
    const second = ann.change([first], { title: 'second' })
    const frame = await heldOf([{ by: ann, messages: [second] }])
    expect(await brings(frame)).toMatchObject({ seq: 901, why: 'parent_unknown' })
    await brings(await heldOf([{ by: ann, messages: [first] }]))
    expect(await brings(frame)).toMatchObject(JUDGED)
    expect(desk.reviewer.state.seq).toBe(3)
    await desk.close()
  })

  test('is a strike where its author has not sealed it, or where it cannot be read', async () => {
    const { desk, ann, bob, row, brings } = await scene()
    const edit = ann.change([row], { title: 'with the peers' })
    const other = ann.change([row], { title: 'forged' })
    const frame = await heldOf([{ by: ann, messages: [edit] }])
    const forged = frame.replace(await ann.seal(edit.flush), await ann.seal(other.flush))
    expect(forged).not.toBe(frame)
    const altered = await heldOf([{ by: ann, messages: [edit] }], (text) =>
      text.replace('with the peers', 'by somebody else'),
    )
    const cut = await heldOf([{ by: ann, messages: [edit] }], (text) => text.replace('901', '902'))
    for (const bad of [forged, altered, cut]) expect(await brings(bad)).toBeUndefined()
    expect(bob.heard.at(-1)).toMatchObject({ kind: 'bye' })
    expect(desk.events.filter(({ type }) => type === 'strike')).toHaveLength(3)
    expect(desk.reviewer.state.seq).toBe(1)
    await desk.close()
  })

  test('is counted to the quotas of the person who brings it', async () => {
    const limits = { personMessagesBurst: 2, personMessagesPerSecond: 1 }
    const { desk, ann, brings } = await scene({ limits })
    const frames = []
    for (let n = 0; n < 4; n++)
      frames.push(await heldOf([{ by: ann, messages: [ann.create('issue', { title: 'a' })] }]))
    const answers = []
    for (const frame of frames) answers.push(await brings(frame))
    expect(answers.slice(0, 2)).toMatchObject([JUDGED, JUDGED])
    expect(answers[3]).toMatchObject({ why: 'rate_limited' })
    await desk.pass(5_000)
    expect(await brings(frames[3]!)).toMatchObject(JUDGED) // it has four
    await desk.close()
  })

  test('is taken one batch at a time of a link', async () => {
    const { desk, ann, bob, row, brings } = await scene()
    const edit = ann.change([row], { title: 'with the peers' })
    const [frame, other] = [
      await heldOf([{ by: ann, messages: [edit] }]),
      await heldOf([{ by: ann, messages: [ann.create('issue', { title: 'other' })] }]),
    ]
    bob.send(frame)
    expect(await brings(other)).toMatchObject({ why: 'busy' })
    expect(bob.heard.filter(({ kind }) => kind === 'back')).toMatchObject([{ why: 'busy' }, JUDGED])
    expect(await brings(other)).toMatchObject(JUDGED)
    expect(desk.reviewer.state.seq).toBe(3)
    await desk.close()
  })

  test('is no evidence against its author, as lines of its flush may be missing', async () => {
    const { desk, ann, row, brings } = await scene()
    const twin = ann.message(
      [{ type: 'issue', id: ann.ids.next(), kind: 'create', values: { title: 'twin' } }],
      { clientSeq: row.clientSeq },
    )
    expect(await brings(await heldOf([{ by: ann, messages: [twin] }]))).toMatchObject(JUDGED)
    expect(desk.reviewer.state.seq).toBe(1)
    expect(desk.events.some(({ type }) => type === 'equivocation')).toBe(false)
    await desk.close()
  })
})

describe('PEER16 the author of what is brought', () => {
  test('WHO5 is known by a session that was kept, and not to a reviewer that has started since', async () => {
    const { desk, bob, brings } = await scene()
    const [cyd, eve] = [await desk.author('cyd'), await desk.author('eve')]
    cyd.keeps = true
    await cyd.bind(await cyd.opening())
    const [by, never] = [cyd.create('issue', { title: 'c' }), eve.create('issue', { title: 'e' })]
    cyd.leave()
    eve.leave()
    expect(await brings(await heldOf([{ by: cyd, messages: [by] }]))).toMatchObject(JUDGED)
    await desk.close()
    await desk.restart()
    await bob.connect()
    const frame = await heldOf([
      { by: eve, messages: [never] },
      { by: cyd, messages: [cyd.create('issue', { title: 'c again' })] },
    ])
    expect(await brings(frame)).toMatchObject({ seq: 902, why: 'not_bound' })
    await eve.connect()
    await eve.offer(never)
    expect(eve.verdict(never)).toBe('accepted')
    await desk.close()
  })

  test('PEER17 is known to a reviewer that has started since, where the session is kept', async () => {
    const { desk, bob, brings } = await scene({ authenticate: byToken })
    const [cyd, eve] = [await desk.author('cyd', 'cyd'), await desk.author('eve', 'eve')]
    cyd.keeps = true
    await cyd.bind(await cyd.opening())
    const isStored = async ({ sessionId }: HandAuthor): Promise<boolean> => {
      const asked = desk.spaces.connect().open(DESK_SPACE).sessions([sessionId])
      await desk.settle()
      return (await asked)[0] !== undefined
    }
    expect(await isStored(cyd)).toBe(false)
    const note = bob.create('issue', { title: 'a commit' })
    await bob.offer(note)
    expect([await isStored(cyd), await isStored(eve)]).toEqual([true, false])
    await desk.close()
    await desk.restart({ authenticate: byToken })
    await bob.connect()
    const [by, never] = [cyd.create('issue', { title: 'c' }), eve.create('issue', { title: 'e' })]
    expect(await brings(await heldOf([{ by: cyd, messages: [by] }]))).toMatchObject(JUDGED)
    expect(await brings(await heldOf([{ by: eve, messages: [never] }]))).toMatchObject({
      why: 'not_bound',
    })
    expect(desk.reviewer.state.seq).toBe(3)
    await desk.close()
  })

  test('PEER17 a session that is kept counts to the quotas of its person, and is kept as they allow', async () => {
    const limits = { personMessagesBurst: 1, personMessagesPerSecond: 1 }
    const { desk, bob } = await scene({ limits })
    const many = [1, 2, 3].map(() => bob.withPerson('bob', null))
    bob.keeps = true
    for (const one of many)
      await bob.bind({ ...(await one.opening()), proof: await one.proof(one.sessionId, bob) })
    const cyd = await desk.author('cyd')
    const note = cyd.create('issue', { title: 'a commit' })
    await cyd.offer(note)
    expect(desk.reviewer.state.seq).toBe(2)
    const asked = desk.spaces
      .connect()
      .open(DESK_SPACE)
      .sessions(many.map((one) => one.sessionId))
    await desk.settle()
    expect((await asked).filter((stored) => stored !== undefined)).toHaveLength(1)
    await desk.close()
  })

  test('is the person of the login that the session had, unless a rule needs more of a login', async () => {
    const asked: unknown[] = []
    const rules: DeskOptions['rules'] = {
      issue: {
        update: ({ person }) => (asked.push([person.id, person.proved]), true),
        archive: ({ person }) =>
          (person.claims as { role: string }).role === 'editor' || 'only editors',
      },
    }
    const { desk, ann, row, brings } = await scene({ authenticate: byToken, rules })
    const edit = ann.change([row], { title: 'with the peers' })
    expect(await brings(await heldOf([{ by: ann, messages: [edit] }]))).toMatchObject(JUDGED)
    expect(asked).toEqual([['ann', true]])
    const archived = ann.change([edit], { $archived: true })
    const frame = await heldOf([{ by: ann, messages: [archived] }])
    expect(await brings(frame)).toMatchObject({ why: 'not_bound' })
    expect(desk.events.some(({ type }) => type === 'rule_failed')).toBe(false)
    await ann.connect()
    // Her link is there: its login counts.
    expect(await brings(frame)).toMatchObject(JUDGED)
    expect(desk.reviewer.state.seq).toBe(3)
    await desk.close()
  })

  test('waits for a login where none has proved a person, or where the session is of another one', async () => {
    const { desk, ann, brings } = await scene({ authenticate: byToken })
    const nobody = await desk.author('anonymous:1')
    const message = nobody.create('issue', { title: 'a' })
    nobody.leave()
    const frame = await heldOf([{ by: nobody, messages: [message] }])
    expect(await brings(frame)).toMatchObject({ why: 'not_bound' })
    const other = ann.withPerson('mallory', 'mallory')
    const stolen = await heldOf([{ by: other, messages: [other.create('issue', { title: 'm' })] }])
    expect(await brings(stolen)).toMatchObject({ why: 'not_bound' })
    expect(desk.reviewer.state.seq).toBe(1)
    await desk.close()
  })

  test('CAP2 may do what the person may now', async () => {
    let may: readonly ('read' | 'write')[] = ['read', 'write']
    const capabilities: DeskOptions['capabilities'] = ({ person }) => {
      if (person?.id === 'ann') return may
      return ['read']
    }
    const { desk, ann, row, brings } = await scene({ authenticate: byToken, capabilities })
    const [one, two] = [ann.change([row], { title: 'one' }), ann.create('issue', { title: 'two' })]
    may = []
    const frame = await heldOf([{ by: ann, messages: [one] }])
    expect(await brings(frame)).toMatchObject({ why: 'not_bound' })
    may = ['read', 'write']
    expect(await brings(frame)).toMatchObject(JUDGED)
    may = ['read']
    expect(await brings(await heldOf([{ by: ann, messages: [two] }]))).toMatchObject(JUDGED)
    expect(desk.reviewer.state.seq).toBe(2)
    await ann.connect()
    await ann.offer(two)
    expect(ann.verdict(two)).toBe('unauthorised')
    await desk.close()
  })

  test('WHO2 does not write in a session of another author', async () => {
    const { desk, ann, brings } = await scene()
    const mallory = await desk.author('mallory')
    const message = mallory.message(
      [{ type: 'issue', id: mallory.ids.next(), kind: 'create', values: { title: 'm' } }],
      { session: { sessionId: ann.sessionId } },
    )
    const frame = await heldOf([{ by: mallory, messages: [message] }])
    expect(await brings(frame)).toMatchObject({ why: 'not_bound' })
    expect(desk.events.some(({ type }) => type === 'strike')).toBe(false)
    await desk.close()
  })
})
