/**
 * Slow lines and large spaces: the sender keeps to the pace at which the other end reads, a reader that
 * falls behind is served at its own pace, and no frame is sent twice because the line is slow.
 */
import { type SyncStore, entity } from '@countersign/core'
import { hash } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type Line, VirtualScene } from './line.ts'

// Time is virtual, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

const Note = entity('note', z.object({ text: z.string() }))
const entities = [Note]
/** Bytes that may wait for a slow reader: the smallest window, and one whole flush. */
const WAITING_MAX = 2 * 65_536 + 4_096

let scene: VirtualScene

afterEach(() => scene.close())

const outbox = (store: SyncStore): number => store.status.getState().outboxMessages
const isOnline = (store: SyncStore): boolean => store.status.getState().connection === 'online'
const rows = (store: SyncStore): number => store.query(Note).rows.length

/** Ann and a space of so many rows of so many bytes, each a message of its own. */
async function space(count: number, bytes: number, unit?: string): Promise<SyncStore> {
  const ann = await scene.page(scene.line(), { entities })
  // No two texts are equal, because a page writes an equal one only once.
  for (let i = 0; i < count; i++) ann.create(Note, { text: textOf(i, bytes, unit) })
  await scene.until(() => outbox(ann) === 0, 60_000)
  return ann
}

function textOf(n: number, bytes: number, unit = ' '): string {
  const part = `${n}${unit}`
  return part.repeat(Math.floor(bytes / Buffer.byteLength(part)))
}

function slowLine(bytesPerSecond: number): Line {
  const line = scene.line()
  line.bytesPerMs = { up: bytesPerSecond / 1_000, down: bytesPerSecond / 1_000 }
  return line
}

describe('a newcomer on a slow line', () => {
  it.each([
    ['the tail', 4_000, 2_000, ' '],
    ['the tail', 100_000, 2_000, ' '],
    ['the tail', 20_000, 2_000, '汉字'],
    ['a snapshot', 4_000, 0, ' '],
    ['a snapshot', 100_000, 0, ' '],
    ['a snapshot', 20_000, 0, '汉字'],
  ])(
    '§19 flow: gets 200 KB by %s at %i bytes a second in once (%i, %j)',
    async (_, speed, tailChangesMax, unit) => {
      scene = await VirtualScene.open({ limits: { tailChangesMax } })
      await space(40, 5_000, unit)
      const line = slowLine(speed)
      const newcomer = await scene.page(line, { entities })
      const tookMs = await scene.until(() => isOnline(newcomer) && rows(newcomer) === 40, 200_000)
      expect(line.connections).toBe(1)
      expect(line.bytes('down')).toBeLessThan(250_000)
      expect(tookMs).toBeLessThan((line.bytes('down') / speed) * 1_000 + 2_000)
      expect(line.mostWaiting.down).toBeLessThan(Math.max(WAITING_MAX, speed * 4))
    },
  )

  it('CATCH1 flow: is sent a snapshot where few messages have many changes of few rows', async () => {
    scene = await VirtualScene.open({ limits: { tailChangesMax: 100 } })
    const ann = await space(20, 100)
    const ids = ann.query(Note).rows.map(({ id }) => id)
    for (let round = 0; round < 40; round++) {
      ann.transact(() => {
        for (const [n, id] of ids.entries())
          ann.update(Note, id, { text: textOf(round * 20 + n, 100) })
      })
      await scene.pass(100)
    }
    await scene.until(() => outbox(ann) === 0, 60_000)
    const line = scene.line()
    const newcomer = await scene.page(line, { entities })
    await scene.until(() => isOnline(newcomer), 60_000)
    expect(line.count('page')).toBeGreaterThan(0)
    // Of each row one state, not its 40 changes.
    expect(line.bytes('down')).toBeLessThan(20 * 1_000)
    expect(rows(newcomer)).toBe(20)
  })

  it('SNAP9 flow: gets 200 KB at 20,000 bytes a second on a line that breaks every three seconds, each page once', async () => {
    scene = await VirtualScene.open({ limits: { tailChangesMax: 0 } })
    const ann = await space(40, 5_000)
    const line = slowLine(20_000)
    const newcomer = await scene.page(line, { entities })
    let breaks = 0
    const breakAgain = (): void => {
      line.cut()
      breaks++
      if (!isOnline(newcomer)) scene.clock.after(3_000, breakAgain)
    }
    scene.clock.after(3_000, breakAgain)
    // Meanwhile others write, so that the snapshot is behind the greeting of the later links.
    for (let n = 0; n < 3; n++) {
      await scene.pass(2_000)
      ann.create(Note, { text: `late ${n}` })
    }
    await scene.until(() => isOnline(newcomer) && rows(newcomer) === 43, 120_000)
    expect(breaks).toBeGreaterThan(2)
    // Each link names the pages that have come so far, and they are not sent again.
    const named = line.sent.flatMap(({ kind, text }) =>
      kind === 'want' ? [(JSON.parse(text) as [string, unknown, string[]?])[2] ?? []] : [],
    )
    expect(Math.max(...named.map(({ length }) => length))).toBeGreaterThan(4)
    let has = new Set<string>()
    for (const { kind, text } of line.sent) {
      if (kind === 'want') has = new Set(named.shift())
      if (kind !== 'page') continue
      const page = hash('sha256', `cs/page\n${text.slice(text.indexOf('\n') + 1)}`, 'base64url')
      expect(has).not.toContain(page.slice(0, 16))
    }
    expect(rows(newcomer)).toBe(rows(ann))
  })

  it('§19 flow: gets one row of 240 KB at 3,600 bytes a second, a frame that takes a minute', async () => {
    scene = await VirtualScene.open()
    const Page = entity(
      'page',
      z.object({ a: z.string(), b: z.string(), c: z.string(), d: z.string() }),
    )
    const ann = await scene.page(scene.line(), { entities: [Page] })
    const [a, b, c, d] = [1, 2, 3, 4].map((n) => textOf(n, 60_000)) as [
      string,
      string,
      string,
      string,
    ]
    ann.create(Page, { a, b, c, d })
    await scene.until(() => outbox(ann) === 0, 60_000)
    const line = slowLine(3_600)
    const newcomer = await scene.page(line, { entities: [Page] })
    await scene.until(() => isOnline(newcomer) && newcomer.query(Page).rows.length === 1, 80_000)
    expect(line.connections).toBe(1)
    await scene.pass(60_000)
    expect(line.bytes('down')).toBeLessThan(250_000)
  })

  it('§19 flow: what is live does not wait behind megabytes', async () => {
    scene = await VirtualScene.open()
    const ann = await space(300, 7_000)
    const line = slowLine(100_000)
    const newcomer = await scene.page(line, { entities })
    await scene.until(() => rows(newcomer) > 20, 60_000)
    ann.create(Note, { text: 'live' })
    await scene.until(() => isOnline(newcomer) && rows(newcomer) === 301, 60_000)
    expect([line.connections, line.count('want')]).toEqual([1, 1])
    expect(line.mostWaiting.down).toBeLessThan(400_000)
  })
})

describe('a reader that others write faster than it reads', () => {
  it('§19 flow: is served from the store at its own pace, on one link, and gets all', async () => {
    scene = await VirtualScene.open()
    const ann = await scene.page(scene.line(), { entities })
    const line = slowLine(10_000)
    const reader = await scene.page(line, { entities })
    await scene.until(() => isOnline(reader), 5_000)
    for (let i = 0; i < 60; i++) {
      ann.create(Note, { text: textOf(i, 8_000) })
      await scene.pass(200) // 40 KB a second
    }
    expect(rows(reader)).toBeLessThan(30)
    expect(line.mostWaiting.down).toBeLessThan(WAITING_MAX * 2)
    await scene.until(() => rows(reader) === 60 && isOnline(reader), 60_000)
    expect(line.connections).toBe(1)
    expect(line.bytes('down')).toBeLessThan(60 * 8_000 * 1.3)
    ann.create(Note, { text: 'live again' })
    await scene.until(() => rows(reader) === 61, 1_000)
  })

  it('§19 flow: a burst does not take a fast reader off the live link', async () => {
    scene = await VirtualScene.open()
    const ann = await scene.page(scene.line(), { entities })
    const line = slowLine(2_000_000)
    const reader = await scene.page(line, { entities })
    await scene.until(() => isOnline(reader), 5_000)
    for (let i = 0; i < 60; i++) ann.create(Note, { text: textOf(i, 5_000) })
    await scene.until(() => rows(reader) === 60, 5_000)
    expect(line.count('through')).toBe(1)
  })
})

describe('an author on a slow line', () => {
  it.each([
    [1_000, 12, true, ' '],
    [4_000, 40, false, ' '],
    [4_000, 40, false, '汉字'],
    [20_000, 120, true, ' '],
    [20_000, 120, true, '汉字'],
  ])(
    '§19 flow: at %i bytes a second %i messages are sent once (the link reports: %s, in %j)',
    async (speed, count, tells, unit) => {
      scene = await VirtualScene.open()
      const line = slowLine(speed)
      line.tells = tells
      const author = await scene.page(line, { entities })
      await scene.until(() => isOnline(author), 5_000)
      for (let i = 0; i < count; i++) author.create(Note, { text: textOf(i, 5_000, unit) })
      await scene.until(() => outbox(author) === 0, 200_000)
      expect(line.connections).toBe(1)
      expect(line.bytes('up')).toBeLessThan(count * 5_000 * 1.25)
      expect(scene.reviewer.state.accepted).toBe(count + 1) // one publishes the type
      if (tells) expect(line.mostWaiting.up).toBeLessThan(131_072 + 65_536 * 2)
    },
  )

  it.each([' ', '汉字'])(
    'OFF2 has no more bytes under way than the reviewer gives, and one flush at the least (in %j)',
    async (unit) => {
      const inFlightBytesMax = 20_000
      scene = await VirtualScene.open({ limits: { inFlightBytesMax } })
      const line = scene.line()
      const author = await scene.page(line, { entities, limits: { flushMessagesMax: 1 } })
      await scene.until(() => isOnline(author), 5_000)
      await scene.pass(1_000) // its type is published
      const offers = (): readonly number[] =>
        line.sent.flatMap(({ kind, text }) => (kind === 'offer' ? [Buffer.byteLength(text)] : []))
      const before = offers().length
      line.loses = (direction) => direction === 'down'
      for (let i = 0; i < 12; i++) author.create(Note, { text: textOf(i, 6_000, unit) })
      await scene.pass(5_000)
      const underWay = offers().slice(before)
      expect(underWay).toHaveLength(3)
      expect(underWay.reduce((sum, bytes) => sum + bytes)).toBeLessThan(inFlightBytesMax)
      line.loses = () => false
      line.cut()
      await scene.until(() => outbox(author) === 0, 60_000)
      // One that is larger by itself goes all the same, alone.
      const large = offers().length
      line.loses = (direction) => direction === 'down'
      for (let i = 0; i < 3; i++) author.create(Note, { text: textOf(i, 30_000, unit) })
      await scene.pass(5_000)
      expect(offers().length).toBe(large + 1)
      line.loses = () => false
      line.cut()
      await scene.until(() => outbox(author) === 0, 60_000)
      expect(rows(author)).toBe(15)
    },
  )

  it('§19 flow: bytes that are no frame keep a link, and silence ends it', async () => {
    scene = await VirtualScene.open()
    const line = scene.line()
    const author = await scene.page(line, { entities })
    await scene.until(() => isOnline(author), 5_000)
    await scene.pass(1_000) // its type is published: no offer waits for an answer
    line.loses = () => true
    for (let i = 0; i < 20; i++) {
      await scene.pass(10_000)
      line.alive()
    }
    expect(line.connections).toBe(1)
    await scene.until(() => line.connections === 2, 100_000)
    line.loses = () => false
    await scene.until(() => isOnline(author), 60_000)
  })
})
