/**
 * Where the platform has no native Ed25519, messages that arrive are shown at once as `unverified`, and
 * are checked meanwhile. Time is virtual; a signature takes bob 100 ms to make or to check. Rule: SPEC.md, GATE11.
 */
import { type Row, type SyncStore, followed } from '@countersign/core'
import type { Position } from '@countersign/core/message'
import { reviewerFrame } from '@countersign/core/protocol'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Note, OTHER, World, batchAfter, entities, rowsOf, tailAfter } from './middleman.ts'

// Time is virtual, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

const CHECK_MS = 100
/** Waits until a write of ann has reached bob, and is being checked there. */
const ARRIVED_MS = 30

let world: World

afterEach(() => world.scene.close())

async function open(options: Parameters<typeof World.open>[0] = {}): Promise<void> {
  world = await World.open({ signerMs: CHECK_MS, isNative: false, ...options })
  await world.pass(1_000)
}

type NoteRow = Row<typeof Note>

function noteOf(store: SyncStore, id: string): NoteRow | undefined {
  return store.peek(Note, id).row
}

/** The row that bob shows, and its verdict. */
function shown(id: string): unknown[] | undefined {
  const row = noteOf(world.bob, id)
  return row && [row.text, row.$state, row.$reviewer !== null]
}

/** Every state in which bob's queries show a row. */
function statesOf(id: string): string[] {
  const states: string[] = []
  const notes = world.bob.live(Note)
  notes.subscribe(() => {
    const row = notes.snapshot().rows.find((each) => each.id === id)
    states.push(row ? `${row.text} ${row.$state}` : 'gone')
  })
  return states
}

function seq(): number {
  return world.bob.status.getState().position?.seq ?? 0
}

/** The position that is checked, in the turn in which it is taken in: the status follows later. */
function checkedSeq(): number {
  return world.bob.query(Note, { limit: 0 }).asOf?.seq ?? 0
}

/** A tail with a row of an author whom the reviewer has never met, at a position that it has not signed. */
async function forgedTail(): Promise<string> {
  const at: Position = world.bob.status.getState().position!
  return tailAfter(at, batchAfter((await world.tailOfOther('forged')).texts, at), OTHER)
}

/** The row of the forged tail, if bob shows it. */
function forgedRow(): NoteRow | undefined {
  return world.bob.query(Note).rows.find(({ text }) => text === 'forged')
}

describe('GATE11 what arrives before its check', () => {
  test('is shown at once as unverified, then as canonical: two notifications', async () => {
    await open()
    const before = seq()
    const { id } = world.ann.create(Note, { text: 'quick', n: 1 })
    const states = statesOf(id)
    await world.pass(ARRIVED_MS)
    expect(shown(id)).toEqual(['quick', 'unverified', false])
    expect([seq(), noteOf(world.bob, id)!.$orderKey.startsWith('~')]).toEqual([before, true])
    await world.pass(CHECK_MS)
    expect(shown(id)).toEqual(['quick', 'canonical', true])
    expect(seq()).toBe(before + 1)
    expect(states).toEqual(['quick unverified', 'quick canonical'])
    await world.heal()
  })

  test('is counted as pending by queries, and in no outbox', async () => {
    await open()
    await world.write('quick')
    expect(world.bob.query(Note).pending).toBe(1)
    expect(world.bob.status.getState().outboxMessages).toBe(0)
    await world.pass(CHECK_MS)
    expect(world.bob.query(Note).pending).toBe(0)
  })

  test('is stored with its check, and not before', async () => {
    await open()
    const id = await world.write('quick')
    expect(shown(id)).toEqual(['quick', 'unverified', false])
    await world.pass(CHECK_MS / 2 - ARRIVED_MS / 2)
    expect(shown(id)).toEqual(['quick', 'unverified', false])
    expect(world.stored).not.toContain('quick')
    await world.pass(CHECK_MS)
    expect(world.stored).toContain('quick')
  })

  test('takes nothing out of the outbox', async () => {
    await open()
    const mine = world.bob.create(Note, { text: 'mine', n: 1 })
    await world.scene.until(() => world.seq > seq(), 5_000)
    await world.pass(ARRIVED_MS)
    expect([mine.state, world.bob.status.getState().outboxMessages]).toEqual(['sent', 1])
    expect(shown(mine.id)).toEqual(['mine', 'pending', false])
    expect(world.disk.content.outbox.length).toBe(1)
    await world.pass(CHECK_MS)
    expect([mine.state, world.bob.status.getState().outboxMessages]).toEqual(['accepted', 0])
    await world.heal()
  })

  test('is shown before rows that are pending, as in canonical order', async () => {
    await open()
    world.way.toReviewer = (frame, text) => (frame.kind === 'offer' ? [] : [text])
    const mine = world.bob.create(Note, { text: 'mine', n: 1 })
    await world.pass(ARRIVED_MS)
    await world.write('first')
    await world.write('second')
    const inOrder = (): readonly string[] =>
      world.bob.query(Note, { orderBy: ['$createdOrderKey'] }).rows.map(({ text }) => text)
    expect(world.bob.query(Note).rows.map(({ $state }) => $state)).toContain('unverified')
    expect(inOrder()).toEqual(['first', 'second', 'mine'])
    await world.pass(CHECK_MS * 3)
    expect(inOrder()).toEqual(['first', 'second', 'mine'])
    await world.heal()
    expect(mine.state).toBe('accepted')
  })

  test('waits for its check where the row has pending messages, with all that follows it', async () => {
    await open()
    const id = await world.write('from ann')
    await world.pass(CHECK_MS * 2)
    world.way.toReviewer = (frame, text) => (frame.kind === 'offer' ? [] : [text])
    world.bob.update(Note, id, { n: 5 })
    world.ann.update(Note, id, { text: 'again from ann' })
    await world.pass(ARRIVED_MS)
    const behind = await world.write('behind it')
    expect([shown(id), shown(behind)]).toEqual([['from ann', 'pending', false], undefined])
    await world.pass(CHECK_MS * 2)
    expect(shown(id)).toEqual(['again from ann', 'pending', false])
    expect(shown(behind)).toEqual(['behind it', 'canonical', true])
    await world.heal()
  })

  test.each([
    ['more messages than 256', 300, 'short', 256],
    ['those of a frame of more than 65,536 characters', 2, 'x'.repeat(40_000), 0],
  ])('§20 has a bound: %s wait for the check, and come with it', async (_, count, text, most) => {
    await open()
    const write = (n: number): unknown => world.ann.create(Note, { text, n })
    if (count > 2) for (let n = 0; n < count; n++) write(n)
    else world.ann.transact(() => Array.from({ length: count }, (_, n) => write(n)))
    await world.pass(ARRIVED_MS)
    const rows = (state: string): number =>
      world.bob.query(Note).rows.filter(({ $state }) => $state === state).length
    let atMost = 0
    for (let ms = 0; ms < 20_000 && rows('canonical') < count; ms += 10) {
      atMost = Math.max(atMost, rows('unverified'))
      await world.pass(10)
    }
    expect([rows('canonical'), atMost]).toEqual([count, most])
  })

  test('is nothing on a platform with native Ed25519, however long a check takes', async () => {
    await open({ isNative: true })
    const { id } = world.ann.create(Note, { text: 'quick', n: 1 })
    const states = statesOf(id)
    await world.pass(ARRIVED_MS)
    expect(shown(id)).toBeUndefined()
    await world.pass(CHECK_MS)
    expect(states).toEqual(['quick canonical'])
  })

  test('is not shown by a store of scopes, which has not all rows that a tail changes', async () => {
    await open({ scope: followed })
    world.bob.follow(Note)
    await world.settle()
    await world.write('honest')
    await world.pass(CHECK_MS * 3)
    expect(world.bob.query(Note).rows.map(({ text }) => text)).toEqual(['honest'])
    world.way.say(await forgedTail())
    expect(forgedRow()).toBeUndefined()
    await world.pass(CHECK_MS * 3)
    expect(world.bob.status.getState()).toMatchObject({ connectionRefusal: 'forged' })
    expect(world.bob.query(Note).rows.map(({ text }) => text)).toEqual(['honest'])
  })

  test('becomes canonical though its link is lost during the check', async () => {
    await open()
    const id = await world.write('quick')
    expect(shown(id)).toEqual(['quick', 'unverified', false])
    world.bob.setOnline(false)
    await world.pass(CHECK_MS)
    expect(shown(id)).toEqual(['quick', 'canonical', true])
    expect(world.stored).toContain('quick')
    world.bob.setOnline(true)
    await world.heal()
  })

  test('is not taken from a link that is lost, where nothing of it is shown', async () => {
    await open({ isNative: true })
    const before = seq()
    const id = await world.write('quick')
    world.bob.setOnline(false)
    await world.pass(CHECK_MS)
    expect([shown(id), seq()]).toEqual([undefined, before])
    world.bob.setOnline(true)
    await world.heal()
  })

  test('is checked to the end before another greeting is believed', async () => {
    await open()
    const id = await world.write('quick')
    world.way.cut()
    await world.pass(CHECK_MS / 2)
    expect(shown(id)).toEqual(['quick', 'unverified', false])
    await world.settle()
    expect(shown(id)).toEqual(['quick', 'canonical', true])
    await world.heal()
  })
})

describe('GATE11 a write on a row that is unverified', () => {
  test('overwrites what was shown, though it signs the checked position', async () => {
    await open()
    const before = seq()
    const id = await world.write('from ann')
    expect(shown(id)).toEqual(['from ann', 'unverified', false])
    const heads: string[] = []
    const checked: boolean[] = []
    world.way.toReviewer = (frame, text) => {
      if (frame.kind === 'offer') {
        heads.push(text.split('\n')[2]!)
        checked.push(seq() > before)
      }
      return [text]
    }
    const written = world.bob.update(Note, id, { text: 'from bob' })
    expect(shown(id)).toEqual(['from bob', 'pending', false])
    await world.pass(CHECK_MS * 4)
    const [, , [seenSeq]] = JSON.parse(heads[0]!) as [number, unknown, [number]]
    expect([seenSeq, ...checked]).toEqual([before, true])
    expect(written.state).toBe('accepted')
    expect(shown(id)).toEqual(['from bob', 'canonical', true])
    expect(noteOf(world.ann, id)).toMatchObject({ text: 'from bob', $conflicts: {} })
    await world.heal()
  })

  test('is offered when that row is checked, though its own signature is there before', async () => {
    await open()
    const before = seq()
    await world.write('first')
    // Arrives while the first is being checked, so its own check begins and ends later.
    const id = await world.write('second')
    expect([seq(), shown(id)]).toEqual([before, ['second', 'unverified', false]])
    const offeredAt: number[] = []
    world.way.toReviewer = (frame, text) => {
      if (frame.kind === 'offer') offeredAt.push(checkedSeq())
      return [text]
    }
    const written = world.bob.update(Note, id, { text: 'from bob' })
    await world.scene.until(() => written.state === 'queued', 5_000)
    expect([checkedSeq(), offeredAt]).toEqual([before + 1, []])
    await world.settle()
    expect(offeredAt).toEqual([before + 2])
    expect(written.state).toBe('accepted')
    await world.heal()
  })

  test('may decide a conflict that is unverified', async () => {
    await open()
    const id = await world.write('first')
    await world.pass(CHECK_MS * 2)
    await world.clash(id, 'second')
    await world.scene.until(() => Object.keys(noteOf(world.bob, id)!.$conflicts).length > 0, 5_000)
    const decided = world.bob.resolve(Note, id, { text: 'decided' })
    await world.settle()
    expect(decided.state).toBe('accepted')
    expect(noteOf(world.carl, id)).toMatchObject({ text: 'decided', $conflicts: {} })
    await world.heal()
  })

  test('outlives a reload during the check', async () => {
    await open()
    const id = await world.write('from ann')
    world.bob.update(Note, id, { n: 9 })
    await world.scene.until(() => world.disk.content.segments.some(isOwn), 5_000)
    expect(world.stored).not.toContain('"from ann"')
    await world.scene.result(world.bob.close())
    const again = await world.scene.page(world.scene.line(), { entities, disk: world.disk })
    await world.scene.until(() => world.has(again), 60_000)
    expect(again.peek(Note, id).row).toMatchObject({ text: 'from ann', n: 9, $conflicts: {} })
    expect(rowsOf(again)).toEqual(rowsOf(world.ann))
  })
})

function isOwn({ kind }: { readonly kind: string }): boolean {
  return kind === 'own' || kind === 'draft'
}

describe('GATE11 a check that fails', () => {
  test('removes the rows, and the status has the reason', async () => {
    await open()
    await world.write('honest')
    await world.pass(CHECK_MS * 2)
    const forged = await forgedTail()
    world.way.say(forged)
    expect(forgedRow()?.$state).toBe('unverified')
    await world.pass(CHECK_MS)
    expect(forgedRow()).toBeUndefined()
    expect(world.bob.status.getState()).toMatchObject({
      connection: 'refused',
      connectionRefusal: 'forged',
      connectionNote: expect.stringContaining('a position that its key has not signed'),
    })
    expect(world.canonicalTexts).toEqual(['honest'])
    expect(world.stored).not.toContain('forged')
    await world.heal()
  })

  test('takes them away also from a row that is canonical', async () => {
    await open()
    const id = await world.write('honest')
    await world.pass(CHECK_MS * 2)
    world.way.toStore = (frame, text) => [
      frame.kind === 'tail' ? text.replace(/"sig[^"]*"|"sim\.[^"]*"/, '"sim.a.b"') : text,
    ]
    world.ann.update(Note, id, { text: 'changed' })
    await world.pass(ARRIVED_MS)
    expect(shown(id)).toEqual(['changed', 'unverified', false])
    await world.pass(CHECK_MS)
    expect(shown(id)).toEqual(['honest', 'canonical', true])
    await world.heal()
  })

  test('refuses what was written on them, and keeps everything else that waits', async () => {
    await open()
    const other = world.bob.create(Note, { text: 'other', n: 0 })
    await world.pass(CHECK_MS * 4)
    world.way.toReviewer = (frame, text) => (frame.kind === 'offer' ? [] : [text])
    world.way.say(await forgedTail())
    const { id } = forgedRow()!
    const onIt = world.bob.update(Note, id, { n: 8 })
    const onThat = world.bob.update(Note, id, { n: 9 })
    const apart = world.bob.update(Note, other.id, { n: 1 })
    await world.pass(CHECK_MS * 2)
    expect(noteOf(world.bob, id)).toBeUndefined()
    expect([onIt.state, onThat.state, apart.state]).toEqual(['rejected', 'rejected', 'queued'])
    const refused = world.bob.refused.snapshot()
    expect(refused.map(({ reason }) => reason)).toEqual(['tampered', 'tampered'])
    expect(world.bob.status.getState().outboxMessages).toBe(1)
    world.bob.discard(refused[0]!.messageId)
    await world.heal()
    expect(apart.state).toBe('accepted')
  })

  test('does so after the link is lost, too, and raises an alarm', async () => {
    await open()
    world.way.say(await forgedTail())
    expect(forgedRow()?.$state).toBe('unverified')
    world.bob.setOnline(false)
    await world.pass(CHECK_MS)
    expect(forgedRow()).toBeUndefined()
    expect(world.bob.status.getState().alarm).toContain('a position that its key has not signed')
    expect(world.stored).not.toContain('forged')
  })

  test('a batch that is signed and malformed shows nothing', async () => {
    await open()
    const at = world.bob.status.getState().position!
    const { texts } = await world.tailOfOther('forged')
    const batch = batchAfter(texts, at)
    world.way.say(
      reviewerFrame('tail', { batches: [batch.split('\n').length], position: at }, batch),
    )
    expect(forgedRow()).toBeUndefined()
    await world.pass(CHECK_MS * 2)
    expect(forgedRow()).toBeUndefined()
    await world.heal()
  })
})
