/** Answers and snapshots that were begun before an erasure: nothing of them is sent after it. */
import { describe, expect, test } from 'vitest'
import { Desk, type DeskOptions, type HandAuthor, type HandMessage } from '../testing/desk.ts'
import { authorFrame } from '../wire/frames.ts'
import { Answer } from './answer.ts'

const WAITS = 1e9
const SECRET = 'canary'
const OPTIONS: DeskOptions = { limits: { tailChangesMax: 2, pageEntitiesMax: 1 } }

interface Scene {
  readonly desk: Desk
  readonly ann: HandAuthor
  readonly rows: readonly HandMessage[]
  readonly entityId: string
}

/** A space of five rows, each in a page of its own; the last one is erased. */
async function opened(): Promise<Scene> {
  const desk = await Desk.open(OPTIONS)
  const ann = await desk.author('ann')
  const rows = ['one', 'two', 'three', 'four', SECRET].map((title) =>
    ann.create('issue', { title }),
  )
  await ann.offer(...rows)
  await desk.pass(2_000)
  return { desk, ann, rows, entityId: rows[4]!.changes[0]!.entityId } // a creation has one change
}

async function erased({ desk, entityId }: Scene): Promise<void> {
  const erasing = desk.reviewer.eraseValues(entityId)
  await desk.pass(2_000)
  expect((await erasing).ok).toBe(true)
}

const heardBy = ({ heard }: HandAuthor): string => JSON.stringify(heard)
const endOf = ({ heard }: HandAuthor): unknown => heard.at(-1)

describe('ERA2 what was read before an erasure', () => {
  test('is in no frame of its answer after it, and the link ends instead', () => {
    const sent: string[] = []
    const link = {
      closed: false,
      isExpired: false,
      ...{
        send: (text: string) => void sent.push(text),
        sendPart: (text: string) => void sent.push(text),
      },
      through: (text: string) => void sent.push(text),
      close(reason: string) {
        if (!this.closed) sent.push(reason)
        this.closed = true
      },
    }
    let erasedSeq = 3
    const before = new Answer(link, () => erasedSeq)
    before.sendPart('before')
    erasedSeq = 5
    before.sendPart('a part')
    before.send('a frame')
    before.through('the end')
    expect(before.isOver).toBe(true)
    expect(sent).toEqual(['before', 'values were erased; resume'])
    link.closed = false
    new Answer(link, () => erasedSeq).through('what is left')
    expect(sent.at(-1)).toBe('what is left')
  })

  test('is sent to a slow reader no more: its link ends, and the next answer is without it', async () => {
    const scene = await opened()
    const eve = await scene.desk.author('eve')
    eve.onFrame = (frame) => {
      if (frame.kind === 'page') eve.waitingBytes = WAITS
    }
    await eve.follow()
    expect(heardBy(eve)).toContain('"page"')
    await erased(scene)
    eve.waitingBytes = 0
    await scene.desk.pass(5_000)
    expect(heardBy(eve)).not.toContain(SECRET)
    expect(endOf(eve)).toMatchObject({ kind: 'bye', reason: 'the snapshot is over' })
    eve.onFrame = () => {}
    await eve.connect()
    await eve.follow()
    await scene.desk.pass(2_000)
    expect(endOf(eve)).toMatchObject({ kind: 'through' })
    expect(heardBy(eve)).not.toContain(SECRET)
  })

  test('is in no history, also where another answer of the link comes first', async () => {
    const scene = await opened()
    const eve = await scene.desk.author('eve')
    eve.waitingBytes = WAITS
    eve.send(authorFrame('history', { entityId: scene.entityId }))
    await scene.desk.settle()
    await erased(scene)
    eve.waitingBytes = 0
    await scene.desk.pass(2_000)
    expect(endOf(eve)).toMatchObject({ kind: 'history', end: 'whole' })
    expect(heardBy(eve)).not.toContain(SECRET)
  })

  test('is in no snapshot that a process keeps while another one erases', async () => {
    const scene = await opened()
    const { desk, ann } = scene
    const early = await desk.author('early')
    await early.follow()
    await desk.pass(2_000)
    expect(heardBy(early)).toContain(SECRET)
    const first = desk.reviewer
    await desk.restart(OPTIONS)
    await erased(scene)
    desk.use(first)
    await ann.offer(ann.create('issue', { title: 'six' }))
    await desk.pass(2_000)
    const late = await desk.author('late')
    await late.follow()
    await desk.pass(2_000)
    expect(endOf(late)).toMatchObject({ kind: 'through' })
    expect(heardBy(late)).not.toContain(SECRET)
  })
})
