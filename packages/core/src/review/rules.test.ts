/** Rules of a deployment: what they see, what their answers do, and what their failures do not. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { entity } from '../schema/entity.ts'
import { Desk, type DeskOptions } from '../testing/desk.ts'
import { rulesFor } from '../testing/rules-for.ts'
import type { AnyChange, ReviewRule, RuleContext, RuleMessage } from './rules.ts'

const Issue = entity(
  'issue',
  z.object({ title: z.string(), points: z.number().default(0), sprint: z.string().optional() }),
).index('sprint', ['sprint'])
const entities = [Issue]

const open = (more: DeskOptions): Promise<Desk> => Desk.open({ entities, ...more })

describe('rules of a type', () => {
  test('WHO6, ADM18 rules: sees who writes, what, and the row before', async () => {
    const asked: [RuleContext, AnyChange, unknown][] = []
    const desk = await open({
      rules: rulesFor(['issue'], (context, change, row) => {
        asked.push([context, change, row && { ...row, by: row.$author }])
        return true
      }),
    })
    const ann = await desk.author('ann@example.org')
    const root = ann.create('issue', { title: 'a', points: 1 })
    const next = ann.change([root], { $archived: true, sprint: { $unset: true } })
    await ann.offer(root, next)
    const { entityId } = root.changes[0]!
    const at = desk.clock.now()
    const context = {
      authorId: ann.authorId,
      person: { id: 'ann@example.org', proved: false },
      entity: 'issue',
    }
    expect(asked).toHaveLength(2)
    expect(asked[0]).toMatchObject([
      context,
      { entity: 'issue', entityId, kind: 'create', values: { title: 'a', points: 1 } },
      undefined,
    ])
    expect(Math.abs(asked[0]![0].at - at)).toBeLessThan(1_000)
    expect(asked[1]).toEqual([
      { ...asked[0]![0], samePerson: expect.any(Function) },
      {
        entity: 'issue',
        entityId,
        kind: 'update',
        values: { $archived: true, sprint: undefined },
      },
      { id: entityId, title: 'a', points: 1, by: ann.authorId },
    ])
  })

  test('ADM18 rules: a sentence refuses the message as unauthorised, and nothing of it counts', async () => {
    const desk = await open({
      rules: {
        issue: { create: (_, { values }) => values['title'] !== 'secret' || 'not this title' },
      },
    })
    const ann = await desk.author('ann')
    const both = ann.message([
      { type: 'issue', id: ann.ids.next(), kind: 'create', values: { title: 'fine', points: 1 } },
      { type: 'issue', id: ann.ids.next(), kind: 'create', values: { title: 'secret', points: 1 } },
    ])
    await ann.offer(both)
    expect(ann.heard.at(-1)).toMatchObject({
      kind: 'rejected',
      rejections: [{ msgId: both.id, reason: 'unauthorised', detail: 'not this title' }],
    })
    expect(desk.reviewer.state.seq).toBe(0)
  })

  test('ADM18 rules: comes before compare-and-set, so that a stranger learns nothing', async () => {
    const desk = await open({
      rules: rulesFor(['issue'], ({ person }) => person.id === 'ann' || 'not yours'),
    })
    const ann = await desk.author('ann')
    const eve = await desk.author('eve')
    const root = ann.create('issue', { title: 'a', points: 1 })
    const newer = ann.change([root], { title: 'b' })
    await ann.offer(root, newer)
    const late = eve.change([root], { title: 'c' }, 'resolve')
    await eve.offer(late)
    expect(eve.heard.at(-1)).toMatchObject({ rejections: [{ reason: 'unauthorised' }] })
    expect(JSON.stringify(eve.heard.at(-1))).not.toContain('standing')
  })

  test('ADM15 rules: is not asked about values that do not fit the schema', async () => {
    let asked = 0
    const desk = await open({ rules: rulesFor(['issue'], () => ++asked > 0 || 'never') })
    const ann = await desk.author('ann')
    const wrong = ann.create('issue', { title: 7, points: 1 })
    await ann.offer(wrong)
    expect([ann.verdict(wrong), asked]).toEqual(['invalid', 0])
  })
})

const hundredPoints: ReviewRule = ({ changes }, rows) => {
  for (const { after } of changes) {
    const sprint = after['sprint'] as string | undefined
    if (sprint === undefined) continue
    const points = rows
      .query(Issue, { where: { sprint } })
      .reduce((sum, row) => sum + row.points, 0)
    if (points > 100) return `${sprint} would have ${points} points`
  }
  return undefined
}

describe('review', () => {
  test('ADM21 rules: looks at what would come of the message, with the batch before it', async () => {
    const desk = await open({ review: hundredPoints })
    const ann = await desk.author('ann')
    const issue = (points: number): ReturnType<typeof ann.create> =>
      ann.create('issue', { title: 'x', points, sprint: 's1' })
    const [first, second, third, fourth] = [issue(60), issue(40), issue(1), issue(0)]
    const moved = ann.change([first], { points: 61 })
    const freed = ann.change([second], { sprint: { $unset: true } })
    const flush = ann.together(first, second, third, fourth, moved, freed)
    const all = [...flush, issue(40)]
    await ann.offer(...all)
    expect(all.map((m) => ann.verdict(m))).toEqual([
      'accepted',
      'accepted',
      'invalid',
      'accepted',
      'invalid',
      'accepted',
      'accepted',
    ])
    expect(ann.heard.find(({ kind }) => kind === 'rejected')).toMatchObject({
      rejections: [{ detail: 's1 would have 101 points' }, { detail: 's1 would have 101 points' }],
    })
  })

  test('§7 rules: what was refused in one batch is not counted in the next, nor after a restart', async () => {
    const desk = await open({ review: hundredPoints })
    const ann = await desk.author('ann')
    const issue = (points: number): ReturnType<typeof ann.create> =>
      ann.create('issue', { title: 'x', points, sprint: 's1' })
    const tooMuch = issue(101)
    await ann.offer(tooMuch)
    await ann.offer(issue(70))
    await desk.restart({ entities, review: hundredPoints })
    await ann.connect()
    const [over, fits] = [issue(31), issue(30)]
    await ann.offer(over)
    await ann.offer(fits)
    expect([tooMuch, over, fits].map((m) => ann.verdict(m))).toEqual([
      'invalid',
      'invalid',
      'accepted',
    ])
  })

  test('§7 rules: a batch that the store refuses is forgotten by the rows, too', async () => {
    const desk = await open({ review: hundredPoints })
    const ann = await desk.author('ann')
    const issue = (points: number): ReturnType<typeof ann.create> =>
      ann.create('issue', { title: 'x', points, sprint: 's1' })
    await ann.offer(issue(10))
    desk.spaces.faults = { ...desk.spaces.faults, writeFails: () => 'before' }
    const lost = issue(60)
    await ann.offer(lost)
    expect(ann.verdict(lost)).toBe('nack unavailable')
    desk.spaces.faults = { ...desk.spaces.faults, writeFails: () => undefined }
    const other = issue(90)
    await ann.offer(other)
    expect(ann.verdict(other)).toBe('accepted')
  })

  test('ADM21 rules: has each change with the row before and after it, and rows by id', async () => {
    const seen: RuleMessage[] = []
    const titles: unknown[] = []
    const desk = await open({
      review(message, rows) {
        seen.push(message)
        const { entityId } = message.changes[0]!
        titles.push(
          rows.row(Issue, entityId)?.title,
          rows.rows(Issue).map((row) => row.title),
        )
        return undefined
      },
    })
    const ann = await desk.author('ann')
    const root = ann.create('issue', { title: 'a', points: 1 })
    await ann.offer(root, ann.change([root], { title: 'b', $archived: true }))
    // It asked for all rows, which were not at hand: it was asked again, and what counts is its last answer.
    expect(seen.map(({ id, changes }) => [id === root.id, changes.length])).toEqual([
      [true, 1],
      [true, 1],
      [false, 1],
    ])
    const [created, changed] = seen.slice(1).map(({ changes }) => changes[0]!)
    expect([created!.before, created!.after['title']]).toEqual([undefined, 'a'])
    expect([changed!.before!['title'], changed!.after['title']]).toEqual(['a', 'b'])
    expect([changed!.before!.$archived, changed!.after.$archived]).toEqual([false, true])
    expect(titles).toEqual(['a', ['a'], 'b', ['b']]) // what is not at hand is thrown, not answered
  })
})

describe('a rule that fails', () => {
  const cases: [string, DeskOptions, string][] = [
    [
      'one that throws',
      {
        rules: rulesFor(['issue'], (_, { values }) => {
          if (values['title'] === 'bomb') throw new Error('boom')
          return true
        }),
      },
      'issue.create',
    ],
    [
      'one that answers nothing',
      {
        rules: rulesFor(
          ['issue'],
          (_, { values }) => (values['title'] !== 'bomb' ? true : undefined) as true,
        ),
      },
      'issue.create',
    ],
    [
      'review that is async and fails',
      {
        review: (({ changes }: RuleMessage) =>
          changes[0]!.after['title'] === 'bomb'
            ? Promise.reject(new Error('later'))
            : undefined) as never,
      },
      'review',
    ],
    [
      'review with a query that is none',
      {
        review: ({ changes }, rows) =>
          changes[0]!.after['title'] === 'bomb'
            ? rows.query(Issue, { where: { colour: 1 } as never })[0]?.title
            : undefined,
      },
      'review',
    ],
  ]
  test.each(cases)(
    '§7 rules: %s is a nack and an event, never a verdict, and holds up nobody',
    async (_, options, rule) => {
      const desk = await open(options)
      const ann = await desk.author('ann')
      const bomb = ann.create('issue', { title: 'bomb', points: 1 })
      const child = ann.change([bomb], { points: 2 })
      const other = ann.create('issue', { title: 'other', points: 1 })
      await ann.offer(bomb, child, other)
      expect([bomb, child, other].map((m) => ann.verdict(m))).toEqual([
        'nack unavailable',
        'nack parent_unknown',
        'accepted',
      ])
      const failed = desk.events.filter(({ type }) => type === 'rule_failed')
      expect(failed).toMatchObject([{ rule, msgId: bomb.id, authorId: ann.authorId }])
      // Once the deployment is mended, the same messages have their verdict.
      await desk.restart({ entities })
      await ann.connect()
      await ann.offer(bomb, child)
      expect([ann.verdict(bomb), ann.verdict(child)]).toEqual(['accepted', 'accepted'])
    },
  )

  test('ADM18 rules: a sentence of any length and with half a character makes a verdict', async () => {
    const desk = await open({
      rules: rulesFor(['issue'], () => `${'n'.repeat(511)}\u{1f642} and more`),
    })
    const ann = await desk.author('ann')
    const refused = ann.create('issue', { title: 'x', points: 1 })
    await ann.offer(refused)
    expect(ann.heard.at(-1)).toMatchObject({ rejections: [{ detail: `${'n'.repeat(511)}\ufffd` }] })
  })

  test('§7 rules: without entities, rules see fields as they were written', async () => {
    const desk = await Desk.open({
      rules: { thing: { update: (_, __, row) => String(row['title']) } },
    })
    const ann = await desk.author('ann')
    const root = ann.create('thing', { title: 'was here' })
    await ann.offer(root, ann.change([root], { title: 'b' }))
    expect(ann.heard.at(-1)).toBeDefined()
    expect(ann.heard.find(({ kind }) => kind === 'rejected')).toMatchObject({
      rejections: [{ detail: 'was here' }],
    })
  })
})
