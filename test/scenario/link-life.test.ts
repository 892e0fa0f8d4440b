/**
 * Links that end, go deaf or lose a frame while others write: work in progress continues at once, and no
 * state of an older link is mistaken for state of the new one.
 */
import { type SyncStore, entity, followed } from '@countersign/core'
import { SimLocks } from '@countersign/core/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type Line, VirtualScene } from './line.ts'

// Hundreds of page loads, and the machine may be busy.
vi.setConfig({ testTimeout: 120_000 })

const Task = entity('task', z.object({ title: z.string(), n: z.number().default(0) }))
const entities = [Task]
/** A reconnect: the pause before the first attempt, and some passages of the line. */
const AT_ONCE_MS = 1_000
/** A want without progress is asked again after 20 s, looked at every 5. */
const ASKED_AGAIN_MS = 26_000
/** A link on which offers have no answer for 75 s is given up, looked at every 5. */
const GIVEN_UP_MS = 75_000 + 5_000 + AT_ONCE_MS

let scene: VirtualScene

afterEach(() => scene.close())

const isOnline = (store: SyncStore): boolean => store.status.getState().connection === 'online'
const outbox = (store: SyncStore): number => store.status.getState().outboxMessages
const rows = (store: SyncStore): number => store.query(Task).rows.length

/** Another author, who writes a row every two seconds from now on. */
async function writing(): Promise<{ written: () => number }> {
  const ann = await scene.page(scene.line(), { entities })
  let written = 0
  const write = (): void => {
    ann.create(Task, { title: `${written++}` })
    scene.clock.after(2_000, write)
  }
  write()
  return { written: () => written }
}

async function reader(line: Line): Promise<SyncStore> {
  const bob = await scene.page(line, { entities })
  await scene.until(() => isOnline(bob), AT_ONCE_MS)
  return bob
}

describe('after a reconnect, while others write', () => {
  it('OFF3 an offer that was under way is made again at once', async () => {
    scene = await VirtualScene.open()
    await writing()
    const line = scene.line()
    const bob = await reader(line)
    line.loses = (_, text) => text.startsWith('["offer"')
    bob.create(Task, { title: 'mine' })
    await scene.until(() => line.count('offer') === 1, AT_ONCE_MS)
    line.loses = () => false
    line.cut()
    await scene.until(() => outbox(bob) === 0, AT_ONCE_MS)
  })

  it('OPN7 the credits of the older link count no more', async () => {
    scene = await VirtualScene.open({ limits: { inFlightMessagesMax: 1 } })
    await writing()
    const line = scene.line()
    const bob = await scene.page(line, { entities, limits: { flushMessagesMax: 1 } })
    await scene.until(() => isOnline(bob), AT_ONCE_MS)
    line.loses = (_, text) => text.startsWith('["offer"')
    for (let i = 0; i < 5; i++) bob.create(Task, { title: 'mine' })
    await scene.until(() => line.count('offer') === 1, AT_ONCE_MS)
    line.cut()
    await scene.until(() => line.count('offer') === 2, AT_ONCE_MS)
    line.loses = () => false
    line.cut()
    await scene.until(() => outbox(bob) === 0, AT_ONCE_MS)
  })

  it('§19: everything since the position is asked for at once, though a want was under way', async () => {
    scene = await VirtualScene.open()
    const others = await writing()
    const line = scene.line()
    const bob = await reader(line)
    await scene.pass(5_000)
    line.loses = (direction, text) =>
      direction === 'up' ? text.startsWith('["want"') : text.startsWith('["tail"')
    const lostMs = scene.clock.monotonic()
    await scene.pass(3_000) // a tail is lost ...
    line.loses = (_, text) => text.startsWith('["want"')
    await scene.until(() => line.count('want', lostMs) > 0, 5_000) // ... the next shows it, and the want is lost
    line.loses = () => false
    line.cut()
    await scene.until(() => isOnline(bob) && rows(bob) === others.written(), AT_ONCE_MS)
  })

  it('OPN4, OPN7 sessions are bound again', async () => {
    scene = await VirtualScene.open()
    await writing()
    const line = scene.line()
    const bob = await reader(line)
    const before = line.count('bind')
    line.cut()
    bob.create(Task, { title: 'mine' })
    await scene.until(() => outbox(bob) === 0, AT_ONCE_MS)
    expect(line.count('bind')).toBe(before + 1)
  })

  it('§19: a welcome that is judged after its link ended is not taken for one of the next', async () => {
    scene = await VirtualScene.open()
    const others = await writing()
    const line = scene.line()
    const bob = await scene.page(line, { entities, signerMs: 2_000 })
    await scene.until(() => line.count('welcome') === 1, AT_ONCE_MS)
    // The link ends while its welcome is checked; the next link gets no greeting.
    line.loses = (_, text) => text.startsWith('["hello"')
    await scene.pass(500)
    line.cut()
    await scene.pass(6_000)
    expect([line.connections, bob.status.getState().connection]).toEqual([2, 'connecting'])
    line.loses = () => false
    line.cut()
    const written = others.written()
    // The checks of epoch, greeting, proof of the session, answer, and end of the answer: one after the other, 2 s each.
    await scene.until(() => isOnline(bob) && rows(bob) >= written, AT_ONCE_MS * 12)
  })
})

describe('a frame that was lost, while others write', () => {
  it('OFF3 a lost offer is made again, after 20 s and over the same link', async () => {
    scene = await VirtualScene.open()
    await writing()
    const line = scene.line()
    const bob = await reader(line)
    await scene.pass(5_000)
    const before = line.count('offer')
    let lost = 0
    line.loses = (_, text) => text.startsWith('["offer"') && ++lost === 1
    bob.create(Task, { title: 'mine' })
    await scene.until(() => lost === 1, AT_ONCE_MS)
    await scene.pass(19_000)
    expect([line.count('offer'), outbox(bob)]).toEqual([before + 1, 1])
    await scene.until(() => outbox(bob) === 0, ASKED_AGAIN_MS - 19_000)
    expect([line.count('offer'), line.connections]).toEqual([before + 2, 1])
  })

  it('CATCH8 a want lost beside a tail is asked again, and the status is not online until then', async () => {
    scene = await VirtualScene.open()
    const others = await writing()
    const line = scene.line()
    const bob = await reader(line)
    let lostTails = 0
    let lostWants = 0
    line.loses = (_, text) =>
      (text.startsWith('["tail"') && ++lostTails === 1) ||
      (text.startsWith('["want"') && ++lostWants === 1)
    await scene.until(() => lostWants === 1, 10_000)
    await scene.pass(10)
    expect(isOnline(bob)).toBe(false)
    const behind = rows(bob)
    await scene.pass(10_000)
    expect([isOnline(bob), rows(bob)]).toEqual([false, behind])
    await scene.until(() => isOnline(bob) && rows(bob) === others.written(), ASKED_AGAIN_MS)
  })

  it('CATCH8 a lost end of a catch-up is asked for again', async () => {
    scene = await VirtualScene.open()
    const others = await writing()
    await scene.pass(10_000)
    const line = scene.line()
    let lost = 0
    line.loses = (_, text) => text.startsWith('["through"') && ++lost === 1
    const bob = await scene.page(line, { entities })
    await scene.until(() => lost === 1, AT_ONCE_MS)
    await scene.until(() => isOnline(bob) && rows(bob) === others.written(), ASKED_AGAIN_MS * 2)
  })
})

describe('sessions that ended with unsent work', () => {
  it.each([
    [70, 64],
    [30, 4],
  ])(
    '§5: %i page loads offline, each with a create and an edit of one row: all is accepted',
    async (loads, sessionsPerBindMax) => {
      const limits = { sessionsPerBindMax }
      scene = await VirtualScene.open({ limits })
      const [disk, locks] = [scene.disk(), new SimLocks()]
      let shared: string | undefined
      for (let load = 0; load < loads; load++) {
        const page = await scene.page(scene.line(), {
          entities,
          disk,
          locks,
          online: false,
          limits,
        })
        shared ??= page.create(Task, { title: 'shared' }).id
        page.create(Task, { title: `${load}` })
        page.update(Task, shared, { n: load })
        await scene.result(page.close())
      }
      const line = scene.line()
      const last = await scene.page(line, { entities, disk, locks, limits })
      last.update(Task, shared!, { n: loads })
      await scene.until(() => outbox(last) === 0, 60_000)
      expect(rows(last)).toBe(loads + 1)
      expect(last.read(Task, shared!)).toMatchObject({ n: loads, $state: 'canonical' })
      // And the version of the type, which the first page that is online publishes.
      await scene.until(() => isOnline(last) && outbox(last) === 0, 60_000)
      await scene.pass(1_000)
      expect(scene.reviewer.state).toMatchObject({ accepted: loads * 2 + 3, rejected: 0 })
      const parts = line.sent
        .filter(({ kind }) => kind === 'bind')
        .map(({ text }) => (JSON.parse(text) as [string, unknown[]])[1].length)
      expect(Math.max(...parts)).toBe(Math.min(sessionsPerBindMax, loads + 1))
      expect(parts.reduce((sum, part) => sum + part)).toBe(loads + 1)
    },
  )

  it('§5: more sessions than one link may speak for go over several, one after the other', async () => {
    const limits = { sessionsPerBindMax: 3, sessionsPerLinkMax: 8 }
    scene = await VirtualScene.open({ limits })
    const [disk, locks] = [scene.disk(), new SimLocks()]
    for (let load = 0; load < 20; load++) {
      const page = await scene.page(scene.line(), { entities, disk, locks, online: false, limits })
      page.create(Task, { title: `${load}` })
      await scene.result(page.close())
    }
    const line = scene.line()
    const last = await scene.page(line, { entities, disk, locks, limits })
    last.create(Task, { title: 'last' })
    await scene.until(() => outbox(last) === 0, 60_000)
    expect(line.connections).toBe(3)
    await scene.until(() => isOnline(last), AT_ONCE_MS)
    await scene.pass(60_000)
    expect([line.connections, rows(last)]).toEqual([3, 21])
  })

  it('§19: a snapshot from before all of them were bound is not applied: it does not list their messages', async () => {
    const limits = { tailChangesMax: 0, sessionsPerBindMax: 1 }
    scene = await VirtualScene.open({ limits })
    const ann = await scene.page(scene.line(), { entities })
    const { id } = ann.create(Task, { title: 'shared' })
    const [disk, locks, line] = [scene.disk(), new SimLocks(), scene.line()]
    const first = await scene.page(line, { entities, disk, locks, limits })
    await scene.until(() => rows(first) === 1 && isOnline(first), 5_000)
    line.loses = (direction) => direction === 'down' // its acceptance is never heard
    first.update(Task, id, { n: 1 })
    await scene.until(() => ann.read(Task, id)?.n === 1, 5_000)
    await scene.result(first.close())
    ann.update(Task, id, { n: 2 })
    await scene.until(() => outbox(ann) === 0, 5_000)
    const second = await scene.page(line, { entities, disk, locks, limits, online: false })
    second.create(Task, { title: 'another' })
    await scene.result(second.close())

    line.loses = () => false
    const third = await scene.page(line, { entities, disk, locks, limits })
    const seen: unknown[] = []
    third.live(Task).subscribe(() => seen.push(third.read(Task, id)!.$conflicts))
    await scene.until(() => isOnline(third) && outbox(third) === 0, 60_000)
    expect(third.read(Task, id)).toMatchObject({ n: 2, $state: 'canonical' })
    expect(seen.filter((conflicts) => Object.keys(conflicts as object).length > 0)).toEqual([])
  })

  it('VRD1 what a page names is not pending, though its session is not bound yet, and it could not be shown before', async () => {
    const limits = { tailChangesMax: 0, sessionsPerLinkMax: 2 }
    scene = await VirtualScene.open({ limits })
    const ann = await scene.page(scene.line(), { entities })
    const { id } = ann.create(Task, { title: 'shared' })
    const [disk, locks, line] = [scene.disk(), new SimLocks(), scene.line()]
    const first = await scene.page(line, { entities, disk, locks, limits })
    await scene.until(() => rows(first) === 1 && isOnline(first), 5_000)
    line.loses = (direction) => direction === 'down' // its acceptance is never heard
    const second = await scene.page(scene.line(), { entities, disk, locks, limits, online: false })
    second.create(Task, { title: 'another' })
    await scene.result(second.close())
    first.update(Task, id, { n: 1 })
    await scene.until(() => ann.read(Task, id)?.n === 1, 5_000)
    await scene.result(first.close())
    expect(disk.rot('advance', () => 0)).toBeDefined() // the canonical state is fetched again

    line.loses = () => false
    const third = await scene.page(line, { entities, disk, locks, limits })
    const seen: (number | undefined)[] = []
    third.live(Task).subscribe(() => seen.push(third.read(Task, id)?.$heads.length))
    await scene.until(() => isOnline(third) && outbox(third) === 0, 60_000)
    expect(third.read(Task, id)).toMatchObject({ n: 1, $state: 'canonical' })
    expect(new Set(seen)).toEqual(new Set([1]))
  })

  it('§5: of ended sessions only those with unsent work are bound', async () => {
    scene = await VirtualScene.open()
    const [disk, locks] = [scene.disk(), new SimLocks()]
    for (const online of [true, false]) {
      const page = await scene.page(scene.line(), { entities, disk, locks, online })
      page.create(Task, { title: `${online}` })
      if (online) await scene.until(() => outbox(page) === 0, 5_000)
      await scene.result(page.close())
    }
    const line = scene.line()
    const last = await scene.page(line, { entities, disk, locks })
    await scene.until(() => isOnline(last) && outbox(last) === 0, 5_000)
    const [bind] = line.sent.filter(({ kind }) => kind === 'bind')
    expect((JSON.parse(bind!.text) as [string, unknown[]])[1]).toHaveLength(2)
  })
})

describe('a half-open link', () => {
  it.each(['up', 'down', 'both'] as const)(
    '§19: that swallows %s is given up seconds after a wake',
    async (swallowed) => {
      scene = await VirtualScene.open()
      const line = scene.line()
      const bob = await reader(line)
      const others = await writing()
      await scene.pass(3_000)
      line.loses = (direction) => swallowed === 'both' || direction === swallowed
      await scene.pass(3_000)
      const before = line.connections
      if (swallowed !== 'up') {
        line.wake()
        line.wake() // a page that wakes says so more than once
        await scene.until(() => line.connections > before, 5_000)
      } else {
        line.wake() // bytes still arrive: the link is alive
        await scene.pass(10_000)
        expect(line.connections).toBe(before)
      }
      line.loses = () => false
      line.cut()
      await scene.until(() => isOnline(bob) && rows(bob) === others.written(), AT_ONCE_MS * 2)
    },
  )

  it.each([
    ['the whole space', undefined],
    ['scopes', followed],
  ])(
    'OFF4: that swallows what goes up while others write is given up, and own messages get out (%s)',
    async (_, scope) => {
      scene = await VirtualScene.open()
      const line = scene.line()
      const bob = await scene.page(line, { entities, scope })
      bob.live(Task).subscribe(() => {})
      await scene.until(() => isOnline(bob), AT_ONCE_MS)
      const others = await writing()
      await scene.pass(3_000)
      line.loses = (direction) => direction === 'up' && line.connections === 1
      const { id } = bob.create(Task, { title: 'mine' })
      await scene.until(() => outbox(bob) === 0, GIVEN_UP_MS)
      expect(line.connections).toBe(2)
      expect(bob.read(Task, id)?.$state).toBe('canonical')
      await scene.until(() => isOnline(bob) && rows(bob) === others.written() + 1, AT_ONCE_MS)
      await scene.pass(300_000)
      expect(line.connections).toBe(2)
    },
  )

  it('OFF4: a link to a reviewer that sends nacks is kept', async () => {
    scene = await VirtualScene.open()
    const line = scene.line()
    const bob = await reader(line)
    await writing()
    await scene.pass(3_000)
    scene.database.faults = { ...scene.database.faults, writeFails: () => 'before' }
    bob.create(Task, { title: 'mine' })
    await scene.pass(300_000)
    expect([line.connections, outbox(bob)]).toEqual([1, 1])
    expect(line.count('nack')).toBeGreaterThan(10)
    scene.database.faults = { ...scene.database.faults, writeFails: () => undefined }
    await scene.until(() => outbox(bob) === 0, 60_000)
    expect(line.connections).toBe(1)
  })

  it('§19: a link that answers is kept, and a connection attempt that takes long is repeated', async () => {
    scene = await VirtualScene.open()
    const line = scene.line()
    const bob = await reader(line)
    line.wake()
    await scene.pass(10_000)
    expect([line.connections, isOnline(bob)]).toEqual([1, true])
    line.loses = (_, text) => text.startsWith('["hello"')
    line.cut()
    await scene.until(() => line.connections === 2, AT_ONCE_MS)
    line.wake()
    expect(line.connections).toBe(2)
    await scene.pass(4_000)
    line.loses = () => false
    line.wake()
    expect(line.connections).toBe(3)
    await scene.until(() => isOnline(bob), AT_ONCE_MS)
  })
})
