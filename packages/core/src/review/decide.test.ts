/** A decision: pure, on what is at hand; what is not is asked for. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { entity } from '../schema/entity.ts'
import { Desk, type DeskOptions, type HandAuthor, type HandMessage } from '../testing/desk.ts'
import { type OpenedSpace, offerOf, openDesk } from '../testing/opened-space.ts'
import { sequence, slug } from './assign.ts'
import type { Decision } from './decision.ts'
import { Missing, type Need } from './missing.ts'
import { DecisionBatch } from './space.ts'

const Issue = entity('issue', z.object({ title: z.string() }))
const Invoice = entity('invoice', z.object({ title: z.string(), no: z.number() })).assigned('no')
const Page = entity('page', z.object({ title: z.string(), path: z.string() })).assigned('path')
const entities = [Issue, Invoice]

const issue = (author: HandAuthor, title: string): HandMessage => author.create('issue', { title })
const idOf = ({ changes }: HandMessage): string => changes[0]!.entityId

/** A desk whose reviewer is gone, after what `before` did. */
async function past(
  before: (desk: Desk, ann: HandAuthor, bob: HandAuthor) => Promise<void>,
  options: DeskOptions = { entities },
): Promise<{ desk: Desk; ann: HandAuthor; bob: HandAuthor }> {
  const desk = await Desk.open(options)
  const [ann, bob] = [await desk.author('ann'), await desk.author('bob')]
  await before(desk, ann, bob)
  await desk.close()
  return { desk, ann, bob }
}

function missed(decide: () => unknown): Need | undefined {
  try {
    decide()
  } catch (error) {
    if (error instanceof Missing) return error.need
    throw error
  }
  return undefined
}

const number = ({ session, clientSeq }: HandMessage): Need => ({
  kind: 'number',
  sessionId: session.facts.sessionId,
  clientSeq,
})
const entityNeed = (message: HandMessage): Need => ({ kind: 'entity', id: idOf(message) })

describe('what is missing', () => {
  test('is named, exactly what is needed and no more: of a creation its number and its entity', async () => {
    const { desk, ann } = await past(async () => {})
    const opened = await openDesk(desk, { entities })
    const root = issue(ann, 'a')
    const { decision, needs } = await opened.decided([offerOf(root)])
    expect(needs).toEqual([number(root), entityNeed(root)])
    expect(decision.answers).toMatchObject([{ accepted: [{ clientSeq: 1, seq: 1 }] }])
    // What was read for the first is at hand for the next.
    const again = await opened.decided([offerOf(root)])
    expect(again.needs).toEqual([])
  })

  test('of a change its number, those of its parents, and the entity', async () => {
    let root: HandMessage | undefined
    const { desk, bob } = await past(async (_, ann) => ann.offer((root = issue(ann, 'a'))))
    const opened = await openDesk(desk, { entities })
    const change = bob.change([root!], { title: 'b' })
    const { decision, needs } = await opened.decided([offerOf(change)])
    expect(needs).toEqual([number(change), number(root!), entityNeed(root!)])
    expect(decision.batch.entries.map(({ id }) => id)).toEqual([change.id])
  })

  test('of a conflict that it begins also the changes before it', async () => {
    const messages: HandMessage[] = []
    const { desk, bob } = await past(async (_, ann) => {
      messages.push(issue(ann, 'a'))
      messages.push(ann.change([messages[0]!], { title: 'b' }))
      await ann.offer(...messages)
    })
    const opened = await openDesk(desk, { entities })
    const beside = bob.change([messages[0]!], { title: 'c' })
    const { decision, needs } = await opened.decided([offerOf(beside)])
    expect(needs.slice(-2)).toEqual([
      entityNeed(messages[0]!),
      { kind: 'changes', id: idOf(messages[0]!) },
    ])
    expect(decision.batch.entries[0]!.review).toMatchObject({
      forked: true,
      bases: [{ title: { version: 1, value: 'a' } }],
    })
  })

  test('of what was accepted before, the message at its seq; of what was refused, its rejection', async () => {
    const messages: HandMessage[] = []
    const { desk, ann } = await past(async (_, author) => {
      messages.push(issue(author, 'a'), author.create('issue', { title: 4 }))
      await author.offer(...messages)
    })
    const [root, refused] = messages as [HandMessage, HandMessage]
    const opened = await openDesk(desk, { entities })
    const { decision, needs } = await opened.decided(messages.map((one) => offerOf(one)))
    expect(needs).toEqual([
      number(root),
      { kind: 'message', seq: 1 },
      number(refused),
      { kind: 'rejection', id: refused.id },
    ])
    expect(decision).toMatchObject({ stored: undefined, refused: [] })
    expect(decision.answers).toMatchObject([
      { again: [{ clientSeq: 1, seq: 1, forked: false }] },
      { rejections: [{ msgId: refused.id, reason: 'invalid' }] },
    ])
    // Another message with the number of one or the other is known to be another by the same reads.
    const others = [1, 2].map((clientSeq) =>
      ann.message([{ type: 'issue', id: ann.ids.next(), kind: 'create', values: { title: 'x' } }], {
        clientSeq,
      }),
    )
    const next = await opened.decided(others.map((one) => offerOf(one)))
    expect(next.needs).toEqual([{ kind: 'rejection', id: others[1]!.id }])
    expect(next.decision.refused).toMatchObject(
      others.map(({ id }) => ({ rejection: { msgId: id, reason: 'seq_reused' }, isFirst: false })),
    )
  })

  test('of a rule that asks for all rows their type, and of one that asks for a row the entity', async () => {
    const messages: HandMessage[] = []
    const { desk, ann } = await past(async (_, author) => {
      messages.push(issue(author, 'a'), author.create('invoice', { title: 'b' }))
      await author.offer(...messages)
    }, {})
    const review: DeskOptions['review'] = (_, rows) => {
      const all = rows.rows(Issue).map(({ title }) => title)
      return `${all.join()} ${String(rows.row(Invoice, idOf(messages[1]!))?.title)}`
    }
    const opened = await openDesk(desk, { entities, review })
    const other = issue(ann, 'c')
    const { decision, needs } = await opened.decided([offerOf(other)])
    expect(needs).toEqual([
      number(other),
      entityNeed(other),
      { kind: 'type', type: 'issue' },
      entityNeed(messages[1]!),
    ])
    expect(decision.refused).toMatchObject([{ rejection: { detail: 'a,c b' } }])
  })

  test('of an assigner the rows that it asks for, and nothing once something was assigned', async () => {
    const { desk, ann } = await past(async () => {})
    const options: DeskOptions = { entities, assign: { invoice: { no: sequence() } } }
    const opened = await openDesk(desk, options)
    const [first, second] = [1, 2].map((n) => ann.create('invoice', { title: `${n}` }))
    const { decision, needs } = await opened.decided([offerOf(first!), offerOf(second!)])
    expect(needs).toEqual([
      number(first!),
      entityNeed(first!),
      { kind: 'type', type: 'invoice' },
      number(second!),
      entityNeed(second!),
    ])
    expect(decision.batch.entries.map(({ review }) => review!.assigned)).toEqual([
      [{ no: 1 }],
      [{ no: 2 }],
    ])
  })
})

describe('a decision that had to wait', () => {
  const hundred: DeskOptions['review'] = (_, rows) => {
    const rest = rows.rows(Issue).map(({ title }) => title)
    return rest.length > 3 ? rest.join() : undefined
  }

  /** One where the rows of issues are kept, with an issue in them. */
  async function kept(options: DeskOptions): Promise<{ opened: OpenedSpace; ann: HandAuthor }> {
    const { desk, ann } = await past(async (_, author) => author.offer(issue(author, 'old')))
    const opened = await openDesk(desk, { entities, ...options })
    await opened.open.source.need({ kind: 'type', type: 'issue' }, new Map())
    opened.rows.keep('issue', new DecisionBatch(opened.open.space))
    return { opened, ann }
  }

  test('goes on with the message that missed something, and judges no other again', async () => {
    let asked = 0
    const review: DeskOptions['review'] = () => void asked++
    const edits = 40
    let roots: readonly HandMessage[] = []
    const { desk, ann } = await past(async (_, author, other) => {
      roots = Array.from({ length: edits }, (__, n) => issue(author, `${n}`))
      await author.offer(...roots)
      await other.offer(...roots.map((root) => other.change([root], { title: 'his' })))
    })
    const opened = await openDesk(desk, { entities, review })
    const { decision, needs } = await opened.decided(
      roots.map((root) => offerOf(ann.change([root], { title: 'hers' }))),
    )
    expect(decision.batch.entries).toHaveLength(edits)
    expect(decision.answers.every(({ accepted }) => accepted[0]!.forked)).toBe(true)
    expect(needs.filter(({ kind }) => kind === 'changes')).toHaveLength(edits)
    expect(asked).toBe(edits)
    expect(opened.calls.filter((call) => call === 'batches').length).toBeLessThan(8)
  })

  test('gives each name once, however often its message is judged', async () => {
    const { desk, ann } = await past(async () => {})
    const options: DeskOptions = { entities: [Page], assign: { page: { path: slug('title') } } }
    const opened = await openDesk(desk, options)
    const pages = [1, 2, 3].map(() => ann.create('page', { title: 'A' }))
    await opened.open.source.need({ kind: 'type', type: 'page' }, new Map())
    opened.rows.keep('page', new DecisionBatch(opened.open.space))
    const { decision, needs } = await opened.decided(pages.map((page) => offerOf(page)))
    expect(needs).toContainEqual(entityNeed(pages[2]!)) // after the others had their names
    expect(decision.batch.entries.map(({ review }) => review!.assigned)).toEqual([
      [{ path: 'a' }],
      [{ path: 'a-2' }],
      [{ path: 'a-3' }],
    ])
  })

  test('is the same decision each time, on the same of everything', async () => {
    const { opened, ann } = await kept({})
    const [first, second] = [issue(ann, 'first'), ann.create('issue', { title: 4 })]
    const offers = [offerOf(first), offerOf(second)]
    const { decision } = await opened.decided(offers)
    const other = opened.decide(offers)
    expect(other.stored).toEqual(decision.stored)
    expect(other.head).toEqual(decision.head)
    expect(other.answers).toEqual(decision.answers)
    expect(other.refused).toEqual(decision.refused)
  })

  test('returns no promise, and reads no store', async () => {
    const { opened, ann } = await kept({ review: hundred })
    const offers = [offerOf(issue(ann, 'first'), named('one')), offerOf(issue(ann, 'second'))]
    await opened.decided(offers)
    opened.calls.length = 0
    const decision: Decision<object> = opened.decide(offers)
    expect(promisesIn(decision)).toEqual([])
    expect(decision.textFor(named('other'))).toBe(decision.stored!.text)
    expect(opened.calls).toEqual([])
  })
})

describe('a rule that catches what it is thrown', () => {
  const swallow = <T>(ask: () => T): T | undefined => {
    try {
      return ask()
    } catch {
      return undefined
    }
  }
  const cases: [string, DeskOptions][] = [
    [
      'review',
      {
        review: (_, rows) => {
          const found = swallow(() => rows.rows(Invoice))
          return found ? `there are ${found.length}` : 'there is nothing'
        },
      },
    ],
    [
      'review, and throws something else',
      {
        review: (_, rows) => {
          const found = swallow(() => rows.query(Invoice))
          if (!found) throw new Error('boom')
          return `there are ${found.length}`
        },
      },
    ],
    [
      'assign',
      {
        assign: {
          invoice: { no: ({ rows, taken }) => swallow(() => rows().length + +taken(1)) ?? 99 },
        },
      },
    ],
  ]
  test.each(cases)('cannot answer: %s', async (_, more) => {
    const { desk, ann } = await past(async (__, author) => {
      await author.offer(...[1, 2].map((n) => author.create('invoice', { title: `${n}` })))
    }, {})
    const opened = await openDesk(desk, { entities, ...more })
    const message = ann.create('invoice', { title: 'c' })
    const { source } = opened.open
    await source.numbers(ann.sessionId, [message.clientSeq])
    await source.entities([idOf(message)])
    expect(missed(() => opened.decide([offerOf(message)]))).toEqual({
      kind: 'type',
      type: 'invoice',
    })
    const { decision } = await opened.decided([offerOf(message)])
    expect(decision.failures).toEqual([])
    if (more.assign)
      expect(decision.batch.entries.map(({ review }) => review!.assigned)).toEqual([[{ no: 2 }]])
    else expect(decision.refused).toMatchObject([{ rejection: { detail: 'there are 3' } }])
  })
})

const named = (name: string): object => ({ name })

function promisesIn(value: unknown, seen = new Set<unknown>()): unknown[] {
  if (typeof value !== 'object' || value === null || seen.has(value)) return []
  seen.add(value)
  if (value instanceof Promise) return [value]
  const parts =
    value instanceof Map
      ? [...value].flat()
      : value instanceof Set
        ? [...value]
        : Object.values(value)
  return parts.flatMap((part) => promisesIn(part, seen))
}
