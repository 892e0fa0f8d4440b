/** What an author says that it had seen, against what stands: it may lie for its own harm, and silently overwrite nothing. */
import { describe, expect, test } from 'vitest'
import { authoredIn } from '../facts/flush.ts'
import { chainPrefix } from '../facts/ids.ts'
import type { Cut, Names, OwnSpan, Seen } from '../facts/types.ts'
import { LIMITS } from '../facts/limits.ts'
import type { Position } from '../facts/message.ts'
import {
  Desk,
  type DeskOptions,
  type HandAuthor,
  type HandMessage,
  flushByHand,
} from '../testing/desk.ts'
import { seenNothing, spansNaming } from '../testing/exact-seen.ts'

interface Setting {
  readonly desk: Desk
  readonly ann: HandAuthor
  readonly bob: HandAuthor
  /** She follows, so she knows every seq. */
  readonly eve: HandAuthor
  readonly update: (author: HandAuthor, parents: readonly HandMessage[], says: Said) => HandMessage
}

async function deskWith(options: DeskOptions = {}): Promise<Setting> {
  const desk = await Desk.open(options)
  const [ann, bob, eve] = [
    await desk.author('ann'),
    await desk.author('bob'),
    await desk.author('eve'),
  ]
  await eve.follow()
  const update: Setting['update'] = (author, parents, says) =>
    saying(author, parents, { says, seqs: seqsFrom(eve) })
  return { desk, ann: ann!, bob: bob!, eve: eve!, update }
}

/** Where the reviewer stands, as a follower was told. */
function headOf(follower: HandAuthor): Position {
  const frames = follower.heard.filter((frame) => frame.kind === 'tail' || frame.kind === 'through')
  return frames.at(-1)!.position!
}

function seqsFrom(follower: HandAuthor): ReadonlyMap<string, number> {
  const accepted = follower.batches().flatMap((batch) => batch.accepted)
  return new Map(accepted.map(({ id, seq }) => [id, seq]))
}

/** Who has read up to there, and nothing pending of its own. */
function readTo({ eid, seq, chain }: Position, clientSeq: number): Seen {
  return seq === 0
    ? seenNothing(clientSeq)
    : { eid, seq, chain: chainPrefix(chain), from: clientSeq, except: [] }
}

/** What an author says of its view. */
interface Said {
  readonly seen: Partial<Seen>
  readonly cut?: Cut
  readonly own?: readonly OwnSpan[]
  /** Whose titles it leaves standing. */
  readonly keep?: readonly HandMessage[]
  readonly value?: string
  /** The number of the message, where it is not the next one. */
  readonly no?: number
  readonly kind?: 'update' | 'resolve'
}

/** Overwrites what stands, and says what it has read as a store does: by a position and by numbers. */
function saying(
  author: HandAuthor,
  parents: readonly HandMessage[],
  { says, seqs }: { readonly says: Said; readonly seqs: ReadonlyMap<string, number> },
): HandMessage {
  const { value = 'late', kind = 'update', no, cut, own, keep } = says
  const { shape, entityId: id } = parents[0]!.changes[0]!
  const change = { type: shape.type, id, kind, values: { title: value }, parents }
  const exact = author.message([change], no === undefined ? {} : { clientSeq: no })
  const { clientSeq, time, salts, session } = exact
  const seen = { ...seenNothing(clientSeq), ...says.seen }
  const names = { sessionId: session.facts.sessionId, seen, seqs }
  const changed = {
    shape: exact.changes[0]!.shape,
    entityId: id,
    values: exact.changes[0]!.values,
    parents: namesOf(parents, names),
    ...(cut !== undefined && { cut }),
    ...(own && { own }),
    ...(keep && { keep: [{ reg: 'title', names: namesOf(keep, names) }] }),
  }
  const flush = flushByHand(session, {
    seen,
    messages: [{ clientSeq, time, salts, changes: [changed] }],
  })
  return { ...authoredIn(flush, session)[0]!, flush }
}

/** Canonical as far as the author says that it has read, else by the number in their session. */
function namesOf(
  messages: readonly HandMessage[],
  {
    sessionId,
    seen,
    seqs,
  }: {
    readonly sessionId: string
    readonly seen: Seen
    readonly seqs: ReadonlyMap<string, number>
  },
): Names {
  const isRead = ({ id }: HandMessage): boolean => (seqs.get(id) ?? Infinity) <= seen.seq
  const isOwn = ({ session }: HandMessage): boolean => session.facts.sessionId === sessionId
  const pending = messages.filter((message) => !isRead(message))
  return {
    canonical: messages.filter(isRead).map(({ id }) => seqs.get(id)!),
    own: pending.filter(isOwn).map(({ clientSeq }) => clientSeq),
    others: spansNaming(pending.filter((message) => !isOwn(message)).map(nameOf)),
  }
}

const nameOf = ({ session, clientSeq }: HandMessage): { sessionId: string; clientSeq: number } => ({
  sessionId: session.facts.sessionId,
  clientSeq,
})

function strikes(desk: Desk): string[] {
  return desk.events.flatMap((event) => (event.type === 'strike' ? [event.why] : []))
}

function detailOf(author: HandAuthor, message: HandMessage): string | undefined {
  return author.heard
    .flatMap((frame) => (frame.kind === 'rejected' ? frame.rejections : []))
    .find(({ msgId }) => msgId === message.id)?.detail
}

describe('unknown_history', () => {
  test('§4 seen: a position that the reviewer has, with its chain, is the road of every store', async () => {
    const { ann, bob, eve, update } = await deskWith()
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
    const { desk, ann, bob, eve, update } = await deskWith()
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
    const honest = update(bob, [root], { seen: readTo(head, 1), no: lying.clientSeq })
    await bob.offer(honest)
    expect(bob.verdict(honest)).toBe('accepted')
  })

  test('§4 seen: a chain that the reviewer holds no longer is not compared', async () => {
    const { ann, bob, eve, update } = await deskWith({ limits: { heldChainsMax: 1 } })
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    const then = headOf(eve)
    await ann.offer(ann.create('issue', { title: 'other' }))
    const late = update(bob, [root], { seen: readTo(then, 1) })
    await bob.offer(late)
    expect(bob.verdict(late)).toBe('accepted')
  })

  test('§4 seen: held chains are those of the store, after a restart, too', async () => {
    const { desk, ann, bob, eve, update } = await deskWith()
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

  test.each(['update', 'resolve'] as const)(
    'LOSS5 on another lineage the author has seen nothing of this one: its %s stands beside',
    async (kind) => {
      const { ann, bob, eve, update } = await deskWith()
      const root = ann.create('issue', { title: 'a' })
      await ann.offer(root)
      const elsewhere = { ...readTo(headOf(eve), 1), eid: bob.sessionId, seq: 70 }
      const fresh = bob.message(
        [{ type: 'issue', id: bob.ids.next(), kind: 'create', values: { title: 'b' } }],
        { seen: elsewhere },
      )
      await bob.offer(fresh)
      expect(bob.verdict(fresh)).toBe('accepted')
      // Whatever number it names.
      const beside = update(bob, [root], { seen: { ...elsewhere, from: 2 }, kind })
      await bob.offer(beside)
      expect(bob.heard.at(-1)).toMatchObject({
        kind: 'accepted',
        reviews: [{ clientSeq: beside.clientSeq, forked: true }],
      })
    },
  )
})

describe('heads and parents', () => {
  test('§4 parents: a message names all that its author claims to have seen, or it is refused', async () => {
    const { desk, ann, bob, eve, update } = await deskWith()
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

  test('§4 parents: what it names, its author has seen, or it is no message', async () => {
    const { desk, ann, bob, eve, update } = await deskWith()
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    const { seq: cut } = headOf(eve)
    const next = ann.change([root], { title: 'b' })
    await ann.offer(next)
    // A number above `seen` has no text; one above `cut` has.
    const blind = update(bob, [next], { seen: readTo(headOf(eve), 1), cut })
    await bob.offer(blind)
    expect(bob.verdict(blind)).toBeUndefined()
    expect(strikes(desk)).toEqual([expect.stringContaining('parents')])
    expect(desk.reviewer.state).toMatchObject({ accepted: 2, rejected: 0, pendingCommit: 0 })
  })

  test('§4 parents: the number of a message of another row does not count', async () => {
    const { desk, ann, bob, eve, update } = await deskWith()
    const [root, other] = [ann.create('issue', { title: 'a' }), ann.create('issue', { title: 'x' })]
    await ann.offer(root, other)
    const seen = readTo(headOf(eve), 1)
    const both = update(bob, [root, other], { seen })
    await bob.offer(both)
    expect(bob.verdict(both)).toBe('accepted')
    const { entityId } = root.changes[0]!
    const stranger = { ...other, changes: [{ ...other.changes[0]!, entityId }] }
    const blind = update(bob, [stranger], { seen: readTo(headOf(eve), 2) })
    await bob.offer(blind)
    expect(detailOf(bob, blind)).toBe(
      `its author had seen ${both.id}, and it does not name it as a parent`,
    )
    expect(desk.reviewer.state.accepted).toBe(3)
  })

  test('§4 seen: a late author names what it has seen, though others have written since', async () => {
    const { ann, bob, eve, update } = await deskWith()
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    const then = headOf(eve)
    await ann.offer(ann.change([root], { title: 'b' }))
    const late = update(bob, [root], { seen: readTo(then, 1) })
    await bob.offer(late)
    expect(bob.verdict(late)).toBe('accepted')
  })

  test('§4 cut: an entity that is known less far is judged by that', async () => {
    const { ann, bob, eve, update } = await deskWith()
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    const { seq: cut } = headOf(eve)
    await ann.offer(ann.change([root], { title: 'b' }))
    const seen = readTo(headOf(eve), 1)
    const late = update(bob, [root], { seen, cut })
    await bob.offer(late)
    expect(bob.verdict(late)).toBe('accepted')
  })

  test.each<
    [
      string,
      (own: readonly HandMessage[]) => { seen: Partial<Seen>; parents: readonly HandMessage[] },
      string | undefined,
    ]
  >([
    ['all of them', ([, b]) => ({ seen: { from: 1 }, parents: [b!] }), 'accepted'],
    [
      'but the last, which it names',
      ([, b]) => ({ seen: { from: 1, except: [2] }, parents: [b!] }),
      undefined,
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
      undefined,
    ],
  ])('§4 own: of the same session it has seen %s', async (_, given, verdict) => {
    const { desk, ann, update } = await deskWith()
    const root = ann.create('issue', { title: 'a' })
    const next = ann.change([root], { title: 'b' })
    await ann.offer(root, next)
    const { seen, parents } = given([root, next])
    const third = update(ann, parents, { seen })
    await ann.offer(third)
    expect(ann.verdict(third)).toBe(verdict)
    // What it names and has not seen makes it no message.
    expect(strikes(desk)).toHaveLength(verdict === undefined ? 1 : 0)
    expect(desk.reviewer.state.accepted).toBe(verdict === 'accepted' ? 3 : 2)
  })

  test.each([
    ['names it', true, 'accepted'],
    ['does not', false, 'invalid'],
  ])(
    '§4 own: it has seen a pending write of another session, and %s',
    async (_, names, verdict) => {
      const { ann, bob, eve, update } = await deskWith()
      const root = ann.create('issue', { title: 'a' })
      await ann.offer(root)
      const seen = readTo(headOf(eve), 1)
      const next = ann.change([root], { title: 'b' })
      await ann.offer(next)
      const late = names
        ? update(bob, [next], { seen })
        : update(bob, [root], { seen, own: spansNaming([nameOf(next)]) })
      await bob.offer(late)
      expect(bob.verdict(late)).toBe(verdict)
    },
  )

  test.each(['own', 'other'])(
    '§7 parents: an %s one waits for its verdict, and a refused one refuses',
    async (whose) => {
      const { desk, ann, bob } = await deskWith()
      const author = whose === 'own' ? ann : bob
      const root = ann.create('issue', { title: 'a' })
      const child = author.change([root], { title: 'b' })
      await author.offer(child)
      expect(author.verdict(child)).toBe('nack parent_unknown')
      await ann.offer(root)
      await author.offer(child)
      expect(author.verdict(child)).toBe('accepted')
      const stale = ann.change([root], { title: 'c' }, 'resolve')
      const orphan = author.change([stale], { title: 'd' })
      await ann.offer(stale)
      await author.offer(orphan)
      expect(author.verdict(orphan)).toBe('parent_rejected')
      expect(desk.reviewer.state).toMatchObject({ accepted: 2, rejected: 2 })
    },
  )

  test('§20 parents: of more heads than it can name, it names as many as it can', async () => {
    const parentsMax = 3
    const { ann, bob, eve, update } = await deskWith({ limits: { parentsMax } })
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
    root: HandMessage
    standing: readonly HandMessage[]
    eve: HandAuthor
    update: Setting['update']
  }> {
    const { desk, ann, bob, eve, update } = await deskWith()
    const root = ann.create('issue', { title: 'a', n: 0 })
    await ann.offer(root)
    const standing = Array.from({ length: LIMITS.liveWritesMax }, (_, n) =>
      ann.change([root], { title: `t${n}` }),
    )
    await ann.offer(...standing)
    expect(standing.map((message) => ann.verdict(message))).toEqual(standing.map(() => 'accepted'))
    return { desk, ann, bob, root, standing, eve, update }
  }

  test('ADM24 the 33rd live write is refused, with what stands and what stands on it; after a resolve it can be written anew', async () => {
    const { ann, bob, root, standing } = await crowded()
    const late = bob.change([root], { title: 'late' })
    const elsewhere = bob.change([root], { n: 1 })
    const behind = bob.change([late], { title: 'later' })
    await bob.offer(late, elsewhere, behind)
    expect([late, elsewhere, behind].map((message) => bob.verdict(message))).toEqual([
      'contested',
      'accepted',
      'parent_rejected',
    ])
    const refused = bob.heard.flatMap((frame) =>
      frame.kind === 'rejected' ? frame.rejections : [],
    )
    expect(refused[0]).toMatchObject({
      reason: 'contested',
      detail: 'issue.title has 32 concurrent values, which must be resolved first',
      standing: standing.map(({ id }, n) => ({ reg: 'title', msgId: id, value: `t${n}` })),
    })

    const resolved = ann.change([...standing], { title: 'decided' }, 'resolve')
    await ann.offer(resolved)
    expect(ann.verdict(resolved)).toBe('accepted')
    bob.heard.length = 0
    await bob.offer(late)
    expect(bob.verdict(late)).toBe('contested')
    const anew = bob.change([resolved], { title: 'late' })
    await bob.offer(anew)
    expect(bob.verdict(anew)).toBe('accepted')
  })

  test('ADM24 a decision that has not seen all of a full register is stale, and one that has is accepted', async () => {
    const { ann, bob, standing } = await crowded()
    const late = bob.change(standing.slice(1), { title: 'of most' }, 'resolve')
    await bob.offer(late)
    expect(bob.verdict(late)).toBe('stale')
    const decided = ann.change([...standing], { title: 'of all' }, 'resolve')
    await ann.offer(decided)
    expect(ann.verdict(decided)).toBe('accepted')
  })

  test('ADM24 whoever keeps all that they saw adds to a full register, and is refused', async () => {
    const { bob, eve, update, standing } = await crowded()
    const all = update(bob, standing, { seen: readTo(headOf(eve), 1), keep: standing })
    await bob.offer(all)
    expect(bob.verdict(all)).toBe('contested')
    const seen = readTo(headOf(eve), 2)
    const others = update(bob, standing, { seen, keep: standing.slice(1) })
    await bob.offer(others)
    expect(bob.verdict(others)).toBe('accepted')
  })

  test('ADM24 a register with more than there may be takes a write that replaces one, and none besides', async () => {
    const { desk, ann, bob, root, standing } = await crowded()
    await desk.restart({ limits: { liveWritesMax: 2 } })
    await Promise.all([ann.connect(), bob.connect()])
    const instead = bob.change([standing[0]!], { title: 'instead of one' })
    const besides = bob.change([root], { title: 'besides' })
    await bob.offer(instead, besides)
    expect([instead, besides].map((message) => bob.verdict(message))).toEqual([
      'accepted',
      'contested',
    ])
  })

  test('ADM24 whoever has seen some of them leaves fewer standing, and is accepted', async () => {
    const { bob, standing } = await crowded()
    const merging = bob.change(standing.slice(0, 2), { title: 'two of them' })
    await bob.offer(merging)
    expect(bob.verdict(merging)).toBe('accepted')
    const again = bob.change([standing[2]!], { title: 'another' })
    await bob.offer(again)
    expect(bob.verdict(again)).toBe('accepted')
  })

  test('ADM24 a message is all or nothing, whatever else it changes', async () => {
    const { desk, bob, root } = await crowded()
    const { entityId } = root.changes[0]!
    const both = bob.message([
      { type: 'issue', id: entityId, kind: 'update', values: { title: 'x' }, parents: [root] },
      { type: 'issue', id: bob.ids.next(), kind: 'create', values: { title: 'y' } },
    ])
    const { accepted } = desk.reviewer.state
    await bob.offer(both)
    expect(bob.verdict(both)).toBe('contested')
    expect(desk.reviewer.state.accepted).toBe(accepted)
  })
})
