/** The reviewer's word of its newest position: how often it signs, and by which clock. */
import { expect, test } from 'vitest'
import type { Position } from '../facts/message.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { liveBytes } from '../wire/signed.ts'
import { Newest } from './newest.ts'

const space = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10'
const keys = { publicKey: 'a key', secret: 'a key' }

function positionAt(seq: number): Position {
  return { eid: '0190a6b2-3c4d-8e5f-8a7b-000000000001', epoch: 1, seq, chain: 'A'.repeat(43) }
}

/** `now`: another wall clock than that of the virtual time. */
function opened({ time = new VirtualClock(), now = () => time.now() } = {}): {
  newest: Newest
  time: VirtualClock
  signed: Uint8Array[]
  fails: boolean
} {
  const signed: Uint8Array[] = []
  const scene = { newest: undefined as unknown as Newest, time, signed, fails: false }
  const clock = {
    now,
    monotonic: () => time.monotonic(),
    after: (ms: number, task: () => void) => time.after(ms, task),
    soon: (task: () => void) => time.soon(task),
  }
  const signer = {
    isNative: true,
    generate: () => Promise.reject(new Error('unused')),
    verify: () => Promise.reject(new Error('unused')),
    sign: async (_: unknown, bytes: Uint8Array) => {
      signed.push(bytes)
      if (scene.fails) throw new Error('no signature')
      return `signature ${signed.length}`
    },
  }
  scene.newest = new Newest({ space, keys, signer, clock })
  return scene
}

function pass(time: VirtualClock, ms: number): void {
  time.after(ms, () => {})
  time.step()
}

test('CATCH10 all who ask within 5 s get the same word, with one signature', async () => {
  const { newest, time, signed } = opened()
  const first = await Promise.all([newest.word(positionAt(3)), newest.word(positionAt(3))])
  expect([first[0], signed]).toEqual([first[1], [liveBytes(space, positionAt(3), first[0]!.at)]])
  pass(time, 4_999)
  expect(await newest.word(positionAt(3))).toEqual(first[0])
  pass(time, 1)
  const later = await newest.word(positionAt(3))
  expect([later.at - first[0]!.at, later.sig]).toEqual([5_000, 'signature 2'])
})

test('CATCH10 another head is another word', async () => {
  const { newest } = opened()
  await newest.word(positionAt(3))
  expect(await newest.word(positionAt(4))).toMatchObject({
    position: { seq: 4 },
    sig: 'signature 2',
  })
})

test('CATCH10 a word that could not be signed is signed for the next who asks', async () => {
  const scene = opened()
  scene.fails = true
  await expect(scene.newest.word(positionAt(3))).rejects.toThrow('no signature')
  scene.fails = false
  expect((await scene.newest.word(positionAt(3))).sig).toBe('signature 2')
})

test('CATCH11 a wall clock that is set moves no word', async () => {
  const time = new VirtualClock()
  let wall = 1_000_000
  const { newest } = opened({ time, now: () => wall })
  const before = (await newest.word(positionAt(1))).at
  wall -= 3_600_000
  pass(time, 6_000)
  expect((await newest.word(positionAt(1))).at - before).toBe(6_000)
})
