/** What an author says that it had seen, against what stands: it may lie for its own harm, and silently overwrite nothing. */
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../message/limits.ts'
import type { Message, Position, Seen } from '../message/message.ts'
import { identify, leafHash } from '../message/ids.ts'
import { Desk, type DeskOptions, type HandAuthor } from '../testing/desk.ts'
import { seenNothing, spansNaming } from '../testing/exact-seen.ts'

async function deskWith(
  options: DeskOptions = {},
): Promise<{ desk: Desk; ann: HandAuthor; bob: HandAuthor; eve: HandAuthor }> {
  const desk = await Desk.open(options)
  const [ann, bob, eve] = [
    await desk.author('ann'),
    await desk.author('bob'),
    await desk.author('eve'),
  ]
  await eve.follow()
  return { desk, ann: ann!, bob: bob!, eve: eve! }
}

/** Where the reviewer stands, as a follower was told. */
function headOf(follower: HandAuthor): Position {
  const frames = follower.heard.filter((frame) => frame.kind === 'tail' || frame.kind === 'through')
  return frames.at(-1)!.position
}

/** Who has read up to there, and nothing pending of its own. */
function readTo(position: Position, clientSeq: number): Seen {
  const { eid, seq, chain } = position
  return { eid, seq, chain: seq > 0 ? chain.slice(0, 22) : '', from: clientSeq, except: [] }
}

/** The change of a message with other parts in its structure. */
function withMeta(
  message: Message,
  meta: Partial<Message['changes'][0] & object>['meta'],
): Message {
  const [change] = message.changes
  const changed = { ...change!, meta: meta! }
  const header = { ...message.header, leaves: [leafHash(changed)] }
  return { ...identify(header), header, changes: [changed] }
}

/** Overwrites what stands, and says with `seen` alone what it has read: by a position, not by names. */
function update(
  author: HandAuthor,
  parents: readonly Message[],
  { seen, value = 'late', no }: { seen: Partial<Seen>; value?: string; no?: number },
): Message {
  const { type, entityId } = parents[0]!.changes[0]!.meta
  const change = { type, id: entityId, kind: 'update', values: { title: value }, parents } as const
  const named = author.message([change], no === undefined ? {} : { clientSeq: no })
  const { own: _own, ...meta } = named.changes[0]!.meta
  const { clientSeq } = named.header
  const header = { ...named.header, seen: { ...seenNothing(clientSeq), ...seen } }
  return withMeta({ ...named, header }, meta)
}

function detailOf(author: HandAuthor, message: Message): string | undefined {
  return author.heard
    .flatMap((frame) => (frame.kind === 'rejected' ? frame.rejections : []))
    .find(({ msgId }) => msgId === message.id)?.detail
}

describe('unknown_history', () => {
  test('§4 seen: a position that the reviewer has, with its chain, is the road of every store', async () => {
    const { ann, bob, eve } = await deskWith()
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    const late = update(bob, [root], { seen: readTo(headOf(eve), 1) })
    await bob.offer(late)
    expect(bob.verdict(late)).toBe('accepted')
  })

  test.each<[string, (head: Position) => Partial<Seen>]>([
    ['a position above its head', ({ seq }) => ({ seq: seq + 1 })],
    ['a position far above it', () => ({ seq: Number.MAX_SAFE_INTEGER })],
    ['another chain at its head', () => ({ chain: 'A'.repeat(22) })],
    [
      'another chain at an earlier position',
      ({ seq }) => ({ seq: seq - 1, chain: 'A'.repeat(22) }),
    ],
    ['the chain of another position', ({ seq }) => ({ seq: seq - 1 })],
  ])('§4 seen: %s: the message waits, and nothing of it is used up', async (_, lies) => {
    const { desk, ann, bob, eve } = await deskWith()
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    await ann.offer(ann.create('issue', { title: 'other' }))
    const head = headOf(eve)
    const lying = update(bob, [root], { seen: { ...readTo(head, 1), ...lies(head) } })
    await bob.offer(lying)
    expect(bob.verdict(lying)).toBe('nack unknown_history')
    expect(desk.reviewer.state).toMatchObject({ accepted: 2, rejected: 0, pendingCommit: 0 })
    // The same number, by an author that has found out what it is to read.
    bob.heard.length = 0
    const honest = update(bob, [root], { seen: readTo(head, 1), no: lying.header.clientSeq })
    await bob.offer(honest)
    expect(bob.verdict(honest)).toBe('accepted')
  })

  test('§4 seen: a chain that the reviewer holds no longer is not compared', async () => {
    const { ann, bob, eve } = await deskWith({ limits: { heldChainsMax: 1 } })
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    const then = headOf(eve)
    await ann.offer(ann.create('issue', { title: 'other' }))
    const late = update(bob, [root], { seen: readTo(then, 1) })
    await bob.offer(late)
    expect(bob.verdict(late)).toBe('accepted')
  })

  test('§4 seen: held chains are those of the store, after a restart, too', async () => {
    const { desk, ann, bob, eve } = await deskWith()
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    await ann.offer(ann.create('issue', { title: 'other' }))
    const head = headOf(eve)
    await desk.restart()
    await bob.connect()
    const lying = update(bob, [root], { seen: { ...readTo(head, 1), chain: 'A'.repeat(22) } })
    const honest = update(bob, [root], { seen: readTo(head, 1), no: 1 })
    await bob.offer(lying)
    expect(bob.verdict(lying)).toBe('nack unknown_history')
    bob.heard.length = 0
    await bob.offer(honest)
    expect(bob.verdict(honest)).toBe('accepted')
  })

  test('§4 seen: on another lineage the author has seen nothing of this one', async () => {
    const { ann, bob, eve } = await deskWith()
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    const elsewhere = { ...readTo(headOf(eve), 1), eid: bob.sessionId, seq: 70 }
    const fresh = bob.message(
      [{ type: 'issue', id: bob.ids.next(), kind: 'create', values: { title: 'b' } }],
      { seen: elsewhere },
    )
    await bob.offer(fresh)
    expect(bob.verdict(fresh)).toBe('accepted')
    const blind = update(bob, [root], { seen: elsewhere })
    await bob.offer(blind)
    expect(bob.verdict(blind)).toBe('invalid')
  })
})

describe('heads and parents', () => {
  test('§4 parents: what its author says it has seen, it names, or it is refused', async () => {
    const { desk, ann, bob, eve } = await deskWith()
    const root = ann.create('issue', { title: 'a' })
    const next = ann.change([root], { title: 'b' })
    await ann.offer(root, next)
    // It has read `next`, and names only what was before it.
    const blind = update(bob, [root], { seen: readTo(headOf(eve), 1) })
    await bob.offer(blind)
    expect(bob.verdict(blind)).toBe('invalid')
    expect(detailOf(bob, blind)).toBe(
      `its author had seen ${next.id}, and it does not name it as a parent`,
    )
    expect(desk.reviewer.state.accepted).toBe(2)
  })

  test('§4 parents: what it names, its author has seen, or it is refused', async () => {
    const { desk, ann, bob, eve } = await deskWith()
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    const then = headOf(eve)
    const next = ann.change([root], { title: 'b' })
    await ann.offer(next)
    const blind = update(bob, [next], { seen: readTo(then, 1) })
    await bob.offer(blind)
    expect(bob.verdict(blind)).toBe('invalid')
    expect(detailOf(bob, blind)).toBe(
      `it names ${next.id} as a parent, and its author had not read that far`,
    )
    expect(desk.reviewer.state.accepted).toBe(2)
  })

  test('§4 seen: a late author names what it has seen, though others have written since', async () => {
    const { ann, bob, eve } = await deskWith()
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    const then = headOf(eve)
    await ann.offer(ann.change([root], { title: 'b' }))
    const late = update(bob, [root], { seen: readTo(then, 1) })
    await bob.offer(late)
    expect(bob.verdict(late)).toBe('accepted')
  })

  test('§4 cut: an entity that is known less far is judged by that', async () => {
    const { ann, bob, eve } = await deskWith()
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    const { seq: cut } = headOf(eve)
    await ann.offer(ann.change([root], { title: 'b' }))
    const seen = readTo(headOf(eve), 1)
    const partial = update(bob, [root], { seen })
    const meta = { ...partial.changes[0]!.meta, cut }
    const late = withMeta(partial, meta)
    await bob.offer(late)
    expect(bob.verdict(late)).toBe('accepted')
  })

  test.each<
    [
      string,
      (own: readonly Message[]) => { seen: Partial<Seen>; parents: readonly Message[] },
      string,
    ]
  >([
    ['all of them', ([, b]) => ({ seen: { from: 1 }, parents: [b!] }), 'accepted'],
    [
      'but the last, which it names',
      ([, b]) => ({ seen: { from: 1, except: [2] }, parents: [b!] }),
      'invalid',
    ],
    ['but the last', ([a]) => ({ seen: { from: 1, except: [2] }, parents: [a!] }), 'accepted'],
    [
      'all of them, and names the first alone',
      ([a]) => ({ seen: { from: 1 }, parents: [a!] }),
      'invalid',
    ],
    [
      'none of them, and names the last',
      ([, b]) => ({ seen: { from: 3 }, parents: [b!] }),
      'invalid',
    ],
  ])('§4 own: of the same session it has seen %s', async (_, given, verdict) => {
    const { ann } = await deskWith()
    const root = ann.create('issue', { title: 'a' })
    const next = ann.change([root], { title: 'b' })
    await ann.offer(root, next)
    const { seen, parents } = given([root, next])
    const third = update(ann, parents, { seen })
    await ann.offer(third)
    expect(ann.verdict(third)).toBe(verdict)
  })

  test.each([
    ['names it', true, 'accepted'],
    ['does not', false, 'invalid'],
  ])(
    '§4 own: it has seen a pending write of another session, and %s',
    async (_, names, verdict) => {
      const { ann, bob } = await deskWith()
      const root = ann.create('issue', { title: 'a' })
      const next = ann.change([root], { title: 'b' })
      await ann.offer(root, next)
      const bare = update(bob, names ? [next] : [root], { seen: {} })
      const own = spansNaming([root, next].map(({ header }) => header))!
      const late = withMeta(bare, { ...bare.changes[0]!.meta, own })
      await bob.offer(late)
      expect(bob.verdict(late)).toBe(verdict)
    },
  )

  test('§20 parents: of more heads than it can name, it names as many as it can', async () => {
    const parentsMax = 3
    const { ann, bob, eve } = await deskWith({ limits: { parentsMax } })
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    const heads = Array.from({ length: parentsMax + 2 }, (_, n) =>
      ann.change([root], { [`r${n}`]: n }),
    )
    await ann.offer(...heads)
    const seen = readTo(headOf(eve), 1)
    const few = update(bob, heads.slice(0, parentsMax - 1), { seen })
    await bob.offer(few)
    expect(bob.verdict(few)).toBe('invalid')
    const most = update(bob, heads.slice(0, parentsMax), { seen: { ...seen, from: 2 } })
    await bob.offer(most)
    expect(bob.verdict(most)).toBe('accepted')
    expect(LIMITS.parentsMax).toBe(32)
  })
})

describe('contested', () => {
  /** A row with as many live writes of its title as there may be. */
  async function crowded(): Promise<{
    desk: Desk
    ann: HandAuthor
    bob: HandAuthor
    root: Message
    standing: readonly Message[]
  }> {
    const { desk, ann, bob } = await deskWith()
    const root = ann.create('issue', { title: 'a', n: 0 })
    await ann.offer(root)
    const standing = Array.from({ length: LIMITS.liveWritesMax }, (_, n) =>
      ann.change([root], { title: `t${n}` }),
    )
    await ann.offer(...standing)
    expect(standing.map((message) => ann.verdict(message))).toEqual(standing.map(() => 'accepted'))
    return { desk, ann, bob, root, standing }
  }

  test('§9 contested: the 33rd live write waits, alone, until somebody has resolved', async () => {
    const { desk, ann, bob, root, standing } = await crowded()
    const late = bob.change([root], { title: 'late' })
    const elsewhere = bob.change([root], { n: 1 })
    const behind = bob.change([late], { title: 'later' })
    await bob.offer(late, elsewhere, behind)
    expect([late, elsewhere, behind].map((message) => bob.verdict(message))).toEqual([
      'nack contested',
      'accepted',
      'nack parent_unknown',
    ])
    const nacks = bob.heard.filter((frame) => frame.kind === 'nack')
    expect(nacks[0]).toMatchObject({
      reason: 'contested',
      clientSeqs: [late.header.clientSeq],
      detail: 'issue.title has 32 values that wait for somebody to resolve them',
      alone: true,
    })
    expect(desk.reviewer.state.rejected).toBe(0)

    // Again and again, as long as nothing has changed.
    bob.heard.length = 0
    await bob.offer(late)
    expect(bob.verdict(late)).toBe('nack contested')

    const resolved = ann.change([...standing], { title: 'decided' }, 'resolve')
    await ann.offer(resolved)
    expect(ann.verdict(resolved)).toBe('accepted')
    bob.heard.length = 0
    await bob.offer(late, behind)
    expect([late, behind].map((message) => bob.verdict(message))).toEqual(['accepted', 'accepted'])
  })

  test('§9 contested: whoever has seen some of them leaves fewer standing, and does not wait', async () => {
    const { bob, standing } = await crowded()
    const merging = bob.change(standing.slice(0, 2), { title: 'two of them' })
    await bob.offer(merging)
    expect(bob.verdict(merging)).toBe('accepted')
    const again = bob.change([standing[2]!], { title: 'another' })
    await bob.offer(again)
    expect(bob.verdict(again)).toBe('accepted')
  })

  test('§9 contested: a message is all or nothing, whatever else it changes', async () => {
    const { desk, bob, root } = await crowded()
    const { entityId } = root.changes[0]!.meta
    const both = bob.message([
      { type: 'issue', id: entityId, kind: 'update', values: { title: 'x' }, parents: [root] },
      { type: 'issue', id: bob.ids.next(), kind: 'create', values: { title: 'y' } },
    ])
    const { accepted } = desk.reviewer.state
    await bob.offer(both)
    expect(bob.verdict(both)).toBe('nack contested')
    expect(desk.reviewer.state.accepted).toBe(accepted)
  })
})
