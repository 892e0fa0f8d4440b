/** Whom a follower of a peer believes to have written what the peer has accepted. */
import { expect, test } from 'vitest'
import { LIMITS } from '../facts/limits.ts'
import { Desk, type HandAuthor } from '../testing/desk.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { authorFrame, linesInParts } from '../wire/frames.ts'
import { PeerSeals } from './peer-seals.ts'
import type { ReadOne } from './tail-plan.ts'

const POSITION = { eid: '', epoch: 2, seq: 0, chain: '' }

/** A reader of two flushes of Ann, one batch each, and a follower's checks of them. */
class Scene {
  readonly asked: number[] = []
  readonly clock = new VirtualClock()
  readonly read: readonly ReadOne[]
  readonly seals: PeerSeals
  readonly #desk: Desk
  readonly #bob: HandAuthor

  static async open(): Promise<Scene> {
    const desk = await Desk.open()
    const [ann, bob] = [await desk.author('ann'), await desk.author('bob')]
    await bob.follow()
    for (const title of ['one', 'two']) await ann.offer(ann.create('issue', { title }))
    return new Scene(desk, bob)
  }

  private constructor(desk: Desk, bob: HandAuthor) {
    this.#desk = desk
    this.#bob = bob
    const texts = bob.heard.flatMap((frame) =>
      frame.kind === 'tail' ? (linesInParts(frame.texts, frame.batches) ?? []) : [],
    )
    this.read = bob.batches().flatMap((batch, i) => {
      const one = { text: texts[i]!, batch } as unknown as ReadOne // one for each
      return batch.accepted.length > 0 ? [one] : []
    })
    this.seals = new PeerSeals({
      limits: { ...LIMITS, sealsMax: 1 },
      now: () => this.clock.monotonic(),
      verify: (...signed) => desk.signer.verify(...signed),
      send: (frame) => this.asked.push((JSON.parse(frame) as [string, number])[1]),
    })
  }

  /** The answer of the reviewer, with another seal where one is given. */
  async answer(seq: number, other?: string | null): Promise<boolean> {
    this.#bob.send(authorFrame('seal', { seq }))
    await this.#desk.settle()
    const frame = this.#bob.heard.at(-1)
    if (frame?.kind !== 'seal') throw new Error('the reviewer has not answered')
    return this.seals.answered(other === undefined ? frame : { ...frame, seal: other })
  }

  ready(): readonly string[] {
    return [...this.seals.ready()].map((step) =>
      step === 'through' ? step : `to ${step.batches.at(-1)?.batch.throughSeq}`,
    )
  }
}

test('PEER9 batches wait for the seals of their flushes, and pass in order with them', async () => {
  const scene = await Scene.open()
  const [first, second] = scene.read.map(({ batch }) => batch.fromSeq) as [number, number]
  for (const one of scene.read) expect(scene.seals.add([one], POSITION)).toBe(true)
  scene.seals.addThrough()
  expect([scene.ready(), scene.asked]).toEqual([[], [first]])
  expect(await scene.answer(first)).toBe(true)
  expect([scene.ready(), scene.asked]).toEqual([[`to ${first}`], [first, second]])
  expect(await scene.answer(second)).toBe(true)
  expect(scene.ready()).toEqual([`to ${second}`, 'through'])
})

test('PEER9 a flush with another seal, or with none, does not pass', async () => {
  for (const other of ['AAAA', null]) {
    const scene = await Scene.open()
    expect(scene.seals.add(scene.read, POSITION)).toBe(true)
    expect(scene.ready()).toEqual([])
    expect(await scene.answer(scene.asked[0]!, other)).toBe(false)
    expect(scene.ready()).toEqual([])
  }
})

test('PEER9 an answer that is missing for ten seconds is overdue', async () => {
  const scene = await Scene.open()
  scene.seals.add(scene.read, POSITION)
  scene.ready()
  for (const [ms, isOverdue] of [
    [10_000, false],
    [1, true],
  ] as const) {
    scene.clock.after(ms, () => {})
    scene.clock.step()
    expect(scene.seals.isOverdue).toBe(isOverdue)
  }
})
