/** What a person may do: what is withheld is refused with a sentence, and changes nothing. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Capability, mayReview } from '../facts/capabilities.ts'
import type { CapabilityContext } from '../review/capabilities.ts'
import { add } from '../schema/lens/steps.ts'
import { entity } from '../schema/entity.ts'
import { type Proposal, proposalOf } from '../schema/proposal.ts'
import { Desk, type DeskOptions, type HandAuthor, type HandMessage } from '../testing/desk.ts'
import type { ReviewerFrame } from '../wire/frames.ts'

const first = { title: z.string() }
const Issue = entity('issue', z.object(first)).version(
  2,
  z.object({ ...first, points: z.number() }),
  [add('points', 0)],
)
const entities = [Issue]

/** Everybody proves who they are by their name, and has what is said of it. */
const open = (of: Record<string, readonly Capability[]>, more: DeskOptions = {}): Promise<Desk> =>
  Desk.open({
    entities,
    authenticate: (token) => (token === undefined ? null : { personalId: token }),
    capabilities: ({ person }) => of[person?.id ?? 'nobody'] ?? [],
    ...more,
  })

const heardOf = <K extends ReviewerFrame['kind']>(
  author: HandAuthor,
  kind: K,
): readonly Extract<ReviewerFrame, { kind: K }>[] =>
  author.heard.filter((frame): frame is Extract<ReviewerFrame, { kind: K }> => frame.kind === kind)

const detailOf = (author: HandAuthor): string | undefined =>
  heardOf(author, 'rejected').at(-1)?.rejections[0]?.detail

const issue = (author: HandAuthor, title: string): HandMessage =>
  author.message([
    { type: 'issue', id: author.ids.next(), kind: 'create', values: { title }, version: 1 },
  ])

const published = (author: HandAuthor, { id, values }: Proposal): HandMessage =>
  author.message([{ type: '$schema', id, kind: 'create', values: { ...values } }])

// The type has a version that nobody has published.
const proposal = proposalOf(Issue.lenses.chain, [])!

describe('CAP1 the deployment is asked', () => {
  test('with each login, of the person that it proves; what is claimed gives nothing', async () => {
    const asked: CapabilityContext[] = []
    const desk = await open(
      {},
      { capabilities: (context) => (asked.push(context), ['write', 'read']) },
    )
    const ann = await desk.author('ann', 'ann')
    const guest = await desk.author('ann')
    expect(asked).toMatchObject([
      { space: desk.reviewer.space, person: { id: 'ann', proved: true } },
      { person: null },
    ])
    for (const author of [ann, guest])
      expect(heardOf(author, 'bound')).toMatchObject([{ may: ['read', 'write'] }])
  })

  test('and says nothing where everybody reads, writes and publishes', async () => {
    const desk = await Desk.open({ entities })
    const ann = await desk.author('ann')
    expect(heardOf(ann, 'bound')).toMatchObject([{ may: ['read', 'write', 'publish'] }])
    const [own, version] = [issue(ann, 'a'), published(ann, proposal)]
    await ann.offer(own, version)
    expect([ann.verdict(own), ann.verdict(version)]).toEqual(['accepted', 'accepted'])
  })

  test.each<[string, DeskOptions['capabilities']]>([
    [
      'throws',
      () => {
        throw new Error('the list is away')
      },
    ],
    ['returns no list', () => 'read' as never],
    ['returns what is none', () => ['read', 'fly'] as never],
  ])('one that %s binds nobody, and refuses nobody', async (_, capabilities) => {
    const desk = await open({}, { capabilities })
    const ann = await desk.author('ann', 'ann')
    expect(ann.heard.at(-1)).toMatchObject({ kind: 'bye', code: null })
    expect(desk.events.map(({ type }) => type)).toEqual(['login_failed'])
  })
})

describe('CAP2 what is withheld', () => {
  const cases: [Capability, (author: HandAuthor, root: HandMessage) => HandMessage, RegExp][] = [
    ['write', (author) => issue(author, 'b'), /may only read here/],
    ['write', (author, root) => author.change([root], { title: 'b' }), /may only read here/],
    [
      'migrate',
      (author, root) => author.change([root], { title: 'b' }, 'migrate'),
      /may not migrate rows/,
    ],
    ['publish', (author) => published(author, proposal), /may not publish versions of types/],
  ]
  test.each(cases)(
    '%s: the message is refused, and nothing of it counts',
    async (name, make, says) => {
      const all: readonly Capability[] = ['read', 'write', 'migrate', 'publish']
      const desk = await open({ ann: all, eve: all.filter((each) => each !== name) })
      const [ann, eve] = [await desk.author('ann', 'ann'), await desk.author('eve', 'eve')]
      const root = issue(ann, 'a')
      await ann.offer(root)
      const [hers, other] = [make(eve, root), make(ann, root)]
      await eve.offer(hers)
      expect([eve.verdict(hers), detailOf(eve), desk.reviewer.state.seq]).toEqual([
        'unauthorised',
        expect.stringMatching(says),
        1,
      ])
      await ann.offer(other)
      expect([ann.verdict(other), desk.reviewer.state.seq]).toEqual(['accepted', 2])
    },
  )

  test('read: the link ends with the sentence, and nothing of the space was sent', async () => {
    const desk = await open({ ann: ['read', 'write'], eve: ['write'] })
    const ann = await desk.author('ann', 'ann')
    await ann.offer(issue(ann, 'a'))
    const eve = desk.author('eve', 'eve')
    const { heard } = await eve
    expect(heard.map(({ kind }) => kind)).toEqual(['welcome', 'bye'])
    expect(heard.at(-1)).toMatchObject({
      code: 'unauthorised',
      reason: expect.stringContaining('may not read here'),
    })
    expect(desk.events).toMatchObject([
      { type: 'committed' },
      { type: 'login_refused', why: expect.stringContaining('may not read') },
    ])
  })

  test('the next login decides: who may read no longer gets no batch more', async () => {
    const may: Record<string, readonly Capability[]> = { ann: ['read', 'write'], bob: ['read'] }
    const desk = await open(may)
    const [ann, bob] = [await desk.author('ann', 'ann'), await desk.author('bob', 'bob')]
    await bob.follow()
    may['bob'] = []
    await bob.bind(await bob.opening())
    await ann.offer(issue(ann, 'a'))
    expect([heardOf(bob, 'tail'), bob.heard.at(-1)?.kind]).toEqual([[], 'bye'])
  })

  test('the next login decides: who may write from then on is judged so, on the same link', async () => {
    const may: Record<string, readonly Capability[]> = { ann: ['read'] }
    const desk = await open(may)
    const ann = await desk.author('ann', 'ann')
    const [before, after] = [issue(ann, 'a'), issue(ann, 'b')]
    await ann.offer(before)
    may['ann'] = ['read', 'write']
    await ann.bind(await ann.opening())
    await ann.offer(after, before)
    // What was refused stays refused.
    expect([ann.verdict(before), ann.verdict(after)]).toEqual(['unauthorised', 'accepted'])
  })

  test('what was accepted before is accepted again', async () => {
    const may: Record<string, readonly Capability[]> = { ann: ['read', 'write'] }
    const desk = await open(may)
    const ann = await desk.author('ann', 'ann')
    const own = issue(ann, 'a')
    await ann.offer(own)
    may['ann'] = ['read']
    await ann.bind(await ann.opening())
    ann.heard.length = 0
    await ann.offer(own)
    expect(ann.verdict(own)).toBe('accepted')
  })

  test('comes before everything that would need the rows, and after a number that is used', async () => {
    const may: Record<string, readonly Capability[]> = { ann: ['read', 'write'] }
    const desk = await open(may)
    const ann = await desk.author('ann', 'ann')
    const own = issue(ann, 'a')
    await ann.offer(own)
    may['ann'] = ['read']
    await ann.bind(await ann.opening())
    const orphan = ann.change([issue(ann, 'never offered')], { title: 'b' })
    const taken = ann.message(
      [{ type: 'issue', id: ann.ids.next(), kind: 'create', values: { title: 'c' }, version: 1 }],
      { clientSeq: own.clientSeq },
    )
    await ann.offer(orphan, taken)
    expect([ann.verdict(orphan), ann.verdict(taken)]).toEqual(['unauthorised', 'seq_reused'])
  })
})

test('ADM9: a number has one verdict, with any other fault of the second message', async () => {
  const desk = await Desk.open({ entities, limits: { messageBytesMax: 1_024 } })
  const ann = await desk.author('ann')
  const own = issue(ann, 'a')
  await ann.offer(own)
  const again = { clientSeq: own.clientSeq }
  const change = (title: string) =>
    ({
      ...({ type: 'issue', id: ann.ids.next(), kind: 'create', version: 1 } as const),
      values: { title },
    }) as const
  const others = [
    ann.message([change('x'.repeat(2_000))], again),
    ann.message([change('late')], { ...again, time: 9e15 }),
  ]
  for (const other of others) {
    await ann.offer(other)
    expect(ann.verdict(other)).toBe('seq_reused')
  }
  expect(desk.reviewer.state.healthy).toBe(true)
  ann.heard.length = 0
  await ann.offer(own)
  expect(ann.verdict(own)).toBe('accepted')
})

describe('CAP3 a reviewer publishes its own types', () => {
  const publishing: DeskOptions = { publishes: true, capabilities: () => ['read', 'write'] }

  test('when it opens a space, once, and newer versions after an upgrade', async () => {
    const [Old] = [entity('issue', z.object(first))]
    const desk = await Desk.open({ ...publishing, entities: [Old, entity('other', first)] })
    expect(desk.reviewer.state.seq).toBe(2)
    await desk.close()
    await desk.restart({ ...publishing, entities: [Old, entity('other', first)] })
    expect(desk.reviewer.state.seq).toBe(2)
    await desk.close()
    await desk.restart({ ...publishing, entities })
    const ann = await desk.author('ann')
    await ann.follow()
    const rows = ann.batches().flatMap(({ accepted }) => accepted.map(({ message }) => message!))
    expect(rows.map(({ changes }) => changes[0]!.entityId)).toContain(proposal.id)
    expect([rows.length, desk.reviewer.state.rejected]).toEqual([3, 0])
  })

  test('and says so where somebody has published something else', async () => {
    const Other = entity('issue', z.object(first)).version(
      2,
      z.object({ ...first, size: z.number() }),
      [add('size', 0)],
    )
    const desk = await Desk.open({ ...publishing, entities: [Other] })
    await desk.close()
    await desk.restart({ ...publishing, entities })
    expect(desk.events.filter(({ type }) => type === 'publication_failed')).toMatchObject([
      { entity: 'issue', why: expect.stringContaining('already published with other content') },
    ])
    expect(desk.reviewer.state).toMatchObject({ seq: 1, healthy: true })
  })

  test('and reports a store that fails, without staying away', async () => {
    const desk = await Desk.open()
    await desk.close()
    desk.spaces.faults = { ...desk.spaces.faults, writeFails: () => 'before' }
    await desk.restart({ ...publishing, entities })
    const types = desk.events.map(({ type }) => type)
    expect(types).toEqual(['store_failed', 'nacked', 'publication_failed'])
  })
})

test.each<[readonly Capability[] | undefined, boolean]>([
  [['read', 'write', 'review'], true],
  [['read', 'write', 'publish'], false],
  [['read', 'review'], false],
  [undefined, false],
])('CAP2 with %j a login reviews in the place of home: %s', (may, isSo) => {
  expect(mayReview(may)).toBe(isSo)
})
