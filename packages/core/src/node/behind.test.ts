/** States are written behind the commits: many commits in one transaction, never ahead of the head. */
import { describe, expect, test } from 'vitest'
import { bytesOf } from '../base/size.ts'
import type { WriteBehind } from '../ports/space-store.ts'
import {
  DESK_SPACE,
  Desk,
  type DeskOptions,
  type HandAuthor,
  type HandMessage,
} from '../testing/desk.ts'
import { openDesk } from '../testing/opened-space.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { KeyedTypes } from '../review/state-keys.ts'
import { StateWriter } from './behind.ts'

const idOf = ({ changes }: HandMessage): string => changes[0]!.entityId

interface Watched {
  readonly desk: Desk
  readonly ann: HandAuthor
  /** Everything that was asked to be written behind. */
  readonly writes: WriteBehind[]
  /** Comes before the next writes, and may throw; what it returns comes after. */
  before: () => void | (() => void)
}

async function watched(options: DeskOptions = {}): Promise<Watched> {
  const desk = await Desk.open(options)
  const tables = desk.spaces.tables(DESK_SPACE)
  const writeBehind = tables.writeBehind.bind(tables)
  const found: Watched = {
    desk,
    ann: await desk.author('ann'),
    writes: [],
    before: () => {},
  }
  tables.writeBehind = (write) => {
    expect(write.through).toBeLessThanOrEqual(tables.head().seq)
    found.writes.push(write)
    const after = found.before()
    const outcome = writeBehind(write)
    after?.()
    return outcome
  }
  return found
}

const spans = (writes: readonly WriteBehind[]): [number, number][] =>
  writes.map(({ fromThrough, through }) => [fromThrough, through])

const failures = ({ events }: Desk): string[] =>
  events.flatMap((event) => (event.type === 'store_failed' ? [event.error] : []))

describe('writes behind', () => {
  test('many commits in one transaction, a hot row once, when they have waited for a while', async () => {
    const { desk, ann, writes } = await watched()
    const [root, other] = [ann.create('issue', { a: 0 }), ann.create('issue', { a: 1 })]
    await ann.offer(root, other)
    for (let n = 2; n < 6; n++) await ann.offer(ann.change([root], { a: n }))
    expect([writes, desk.reviewer.state.seq]).toEqual([[], 6])
    await desk.pass(1_000)
    expect(spans(writes)).toEqual([[0, 6]])
    const [{ states, changes, epoch }] = writes as [WriteBehind]
    expect(epoch).toBe(1)
    expect(states.map(({ entity, type, seq }) => [entity, type, seq])).toEqual([
      [idOf(root), 'issue', 6],
      [idOf(other), 'issue', 2],
    ])
    expect(changes.map(({ entity, seq }) => [entity, seq])).toEqual([
      ...[1, 3, 4, 5, 6].map((seq) => [idOf(root), seq]),
      [idOf(other), 2],
    ])
    await desk.pass(10_000)
    expect(writes).toHaveLength(1) // nothing is written where nothing was committed
    await ann.offer(ann.change([other], { a: 9 }), ann.create('issue', { a: 10 }))
    await desk.pass(1_000)
    expect(spans(writes)).toEqual([
      [0, 6],
      [6, 8],
    ])
  })

  test('§20 bounds: at once where many states wait, counted as states', async () => {
    const { ann, writes } = await watched({ limits: { dirtyStatesMax: 3 } })
    const root = ann.create('issue', { a: 0 })
    await ann.offer(root)
    for (let n = 2; n < 6; n++) await ann.offer(ann.change([root], { a: n }))
    await ann.offer(ann.create('issue', { a: 1 }))
    expect(writes).toEqual([])
    await ann.offer(ann.create('issue', { a: 2 }))
    expect(spans(writes)).toEqual([[0, 7]])
  })

  test('what waits, before the reviewer stops; and a refusal is no reason to write', async () => {
    const { desk, ann, writes } = await watched()
    await ann.offer(ann.create('issue', { a: 0 }))
    await desk.pass(1_000)
    const refused = ann.message([
      {
        type: 'issue',
        id: '00000000-0000-8000-8000-000000000000',
        kind: 'create',
        values: { a: 1 },
      },
    ])
    await ann.offer(refused)
    expect(ann.verdict(refused)).toBe('invalid')
    await desk.pass(5_000)
    expect(spans(writes)).toEqual([[0, 1]])
    await ann.offer(ann.create('issue', { a: 0 }))
    await desk.close()
    expect(spans(writes)).toEqual([
      [0, 1],
      [1, 2],
    ])
  })

  test('commits go on meanwhile, and what they change is written after it', async () => {
    const { desk, ann, writes } = await watched({ limits: { cacheBytesMax: 1 } })
    const roots = [0, 1].map((a) => ann.create('issue', { a }))
    const tables = desk.spaces.tables(DESK_SPACE)
    await ann.offer(...roots)
    const change = ann.change([roots[0]!], { a: 2 })
    const late = ann.create('issue', { a: 3 })
    const seal = await ann.seal(change.flush)
    const sealLate = await ann.seal(late.flush)
    // The answer to the write takes long; the commits after it are faster.
    const { faults } = desk.spaces
    desk.spaces.faults = { ...faults, answerMs: () => (writes.length === 1 ? 400 : 0) }
    await desk.pass(1_000)
    expect(spans(writes)).toEqual([[0, 2]])
    desk.spaces.faults = faults
    ann.offerFlush(change.session, change.flush, seal)
    ann.offerFlush(late.session, late.flush, sealLate)
    await desk.settle()
    expect(tables.head()).toMatchObject({ seq: 4, through: 2 })
    await desk.pass(400)
    expect(desk.reviewer.state.cachedBytes).toBeGreaterThan(0) // two rows are newer than the write
    await desk.pass(1_000)
    expect(spans(writes)).toEqual([
      [0, 2],
      [2, 4],
    ])
    expect(writes[1]!.states.map(({ entity, seq }) => [entity, seq])).toEqual([
      [idOf(roots[0]!), 3],
      [idOf(late), 4],
    ])
    expect(writes[1]!.changes.map(({ seq }) => seq)).toEqual([3, 4])
    expect(desk.reviewer.state.cachedBytes).toBe(0)
  })
})

describe('a write that fails', () => {
  test('is reported, keeps waiting states, and is retried with the next commit', async () => {
    const found = await watched({ limits: { cacheBytesMax: 1 } })
    const { desk, ann, writes } = found
    found.before = () => {
      throw new Error('disk full')
    }
    const root = ann.create('issue', { a: 0 })
    await ann.offer(root)
    await desk.pass(5_000)
    expect([spans(writes), failures(desk)]).toEqual([[[0, 1]], ['disk full']])
    expect(desk.reviewer.state).toMatchObject({ healthy: true, seq: 1 })
    expect(desk.reviewer.state.cachedBytes).toBeGreaterThan(0)
    found.before = () => {}
    const change = ann.change([root], { a: 1 })
    await ann.offer(change)
    expect(ann.verdict(change)).toBe('accepted')
    await desk.pass(1_000)
    expect(spans(writes)).toEqual([
      [0, 1],
      [0, 2],
    ])
    expect(writes[1]!.changes.map(({ seq }) => seq)).toEqual([1, 2])
    expect(desk.reviewer.state.cachedBytes).toBe(0)
  })

  test('and was stored all the same: what follows goes on from there', async () => {
    const found = await watched()
    const { desk, ann, writes } = found
    found.before = () => () => {
      throw new Error('the answer is lost')
    }
    await ann.offer(ann.create('issue', { a: 0 }))
    await desk.pass(1_000)
    found.before = () => {}
    await ann.offer(ann.create('issue', { a: 1 }))
    await desk.pass(3_000)
    const tables = desk.spaces.tables(DESK_SPACE)
    expect(tables.head()).toMatchObject({ seq: 2, through: 2, entities: 2 })
    expect(spans(writes)).toEqual([
      [0, 1],
      [0, 2], // fenced
      [1, 2],
    ])
  })

  test('at the end leaves it to the next start', async () => {
    const found = await watched()
    const { desk, ann } = found
    const root = ann.create('issue', { a: 0 })
    await ann.offer(root)
    found.before = () => {
      throw new Error('disk full')
    }
    await desk.close()
    found.before = () => {}
    expect(desk.spaces.tables(DESK_SPACE).head().through).toBe(0)
    await desk.restart()
    await desk.pass(1_000)
    const tables = desk.spaces.tables(DESK_SPACE)
    expect(tables.head()).toMatchObject({ through: 1, seq: 1 })
    expect(tables.states([idOf(root)], bytesOf(1))).toMatchObject([{ seq: 1, type: 'issue' }])
  })
})

describe('two processes on one store', () => {
  test('S16 fenced: who comes second takes what the first has written as written', async () => {
    const { desk, ann, writes } = await watched({ limits: { cacheBytesMax: 1 } })
    const older = desk.reviewer
    await ann.offer(ann.create('issue', { a: 0 }))
    await desk.restart() // replays, and writes at the same time as the older one
    await desk.pass(3_000)
    expect(spans(writes)).toEqual([
      [0, 1],
      [0, 1],
    ])
    expect(older.state.cachedBytes).toBe(0)
    expect(failures(desk)).toEqual([])
    expect(desk.spaces.tables(DESK_SPACE).head()).toMatchObject({ through: 1, seq: 1 })
  })

  test('S16 fenced: while commits of the other process are replayed, nothing is written', async () => {
    const desk = await Desk.open()
    const ann = await desk.author('ann')
    await ann.offer(ann.create('issue', { a: 0 }), ann.create('issue', { a: 1 }))
    const { open, store } = await openDesk(desk)
    const clock = new VirtualClock()
    let head = 1
    const errors: unknown[] = []
    const behind = new StateWriter({
      ...{ store, clock, space: open.space, epoch: () => 1, dirtyStatesMax: 1, through: 0 },
      keyed: new KeyedTypes(undefined),
      head: () => head,
      onError: (error) => errors.push(error),
    })
    const tables = desk.spaces.tables(DESK_SPACE)
    await behind.write()
    expect([behind.through, tables.head().through, errors]).toEqual([0, 0, []])
    head = 2
    clock.step() // it has not forgotten
    await behind.write()
    expect([behind.through, tables.head().through, errors]).toEqual([2, 2, []])
    expect(open.space.dirtyCount).toBe(0)
  })

  test('is not begun after the end, and asked for twice it is one write', async () => {
    const desk = await Desk.open()
    const ann = await desk.author('ann')
    await ann.offer(ann.create('issue', { a: 0 }))
    const { open, store, calls } = await openDesk(desk)
    const clock = new VirtualClock()
    const parts = { store, clock, space: open.space, epoch: () => 1, dirtyStatesMax: 1, through: 0 }
    const errors: unknown[] = []
    const keyed = new KeyedTypes(undefined)
    const all = { ...parts, keyed, head: () => 1, onError: (error: unknown) => errors.push(error) }
    const stopped = new StateWriter(all)
    stopped.stop()
    stopped.committed()
    await stopped.write()
    expect(calls).not.toContain('writeBehind')
    const behind = new StateWriter(all)
    await Promise.all([behind.write(), behind.write(), behind.write()])
    expect(calls.filter((call) => call === 'writeBehind')).toHaveLength(1)
    expect([clock.nextMs, errors]).toEqual([undefined, []])
  })
})
