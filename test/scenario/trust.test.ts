/** Which reviewer a store follows (`client/identity/trust.ts`), and the order in which it stores what. */
import { entity, memoryStorage } from '@countersign/core'
import type { Storage, Transport, WriteBatch } from '@countersign/core/ports'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Scene, scene, wireTo } from './wire.ts'

const Todo = entity('todo', z.object({ title: z.string() }))
let scenes: Scene[] = []

afterEach(async () => {
  for (const each of scenes) await each.close()
  scenes = []
})

async function place(options: Parameters<typeof scene>[0] = {}): Promise<Scene> {
  const made = await scene({ entities: [Todo], ...options })
  scenes.push(made)
  return made
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1))
}

/** The honest wire, with each epoch record of a welcome changed. */
function forging(honest: Transport, forge: (record: unknown[]) => void): Transport {
  return {
    connect: (events) =>
      honest.connect({
        ...events,
        open: () => events.open(),
        closed: (reason) => events.closed(reason),
        frame(text) {
          if (!text.startsWith('["welcome"')) return events.frame(text)
          const frame = JSON.parse(text) as [string, number, string[]]
          frame[2] = frame[2].map((line) => {
            const record = JSON.parse(line) as unknown[]
            forge(record)
            return JSON.stringify(record)
          })
          events.frame(JSON.stringify(frame))
        },
      }),
  }
}

describe('§4 trust', () => {
  test('the reviewer that was met first is the one that is followed after a restart', async () => {
    const [home, other] = [await place(), await place()]
    const storage = memoryStorage()
    const first = await home.open({ entities: [Todo], storage })
    const written = first.create(Todo, { title: 'at home' })
    await written.settled()
    await first.close()
    const wrong = await home.open({
      entities: [Todo],
      storage,
      over: () => wireTo(other.reviewer),
    })
    await until(() => wrong.status.getState().connectionRefusal !== undefined)
    expect(wrong.status.getState()).toMatchObject({
      connection: 'refused',
      connectionRefusal: 'other_reviewer',
    })
    wrong.create(Todo, { title: 'for home only' })
    await wrong.close()
    expect(other.reviewer.state.seq).toBe(0)
    const again = await home.open({ entities: [Todo], storage })
    await until(() => again.status.getState().outboxMessages === 0)
    expect(
      again
        .query(Todo)
        .rows.map(({ title }) => title)
        .sort(),
    ).toEqual(['at home', 'for home only'])
  })

  test.for<[string, (record: unknown[]) => void]>([
    ['is of another time', (record) => void (record[2] = 7)],
    ['has another number', (record) => void (record[7] = Number(record[7]) + 1)],
    ['names another reviewer', (record) => void (record[5] = record[4])],
    ['is of another space', (record) => void (record[4] = record[5])],
    [
      'has another key',
      (record) => void (record[6] = String(record[6]).split('').toReversed().join('')),
    ],
  ])('an epoch that %s is not followed', async ([, forge]) => {
    const home = await place()
    const store = await home.open({
      entities: [Todo],
      over: (honest) => forging(honest, forge),
    })
    store.create(Todo, { title: 'not for that one' })
    await until(() => store.status.getState().connectionNote !== undefined)
    expect(store.status.getState().connection).not.toBe('online')
    expect(store.status.getState().position).toBeNull()
    expect(home.reviewer.state.seq).toBe(0)
  })
})

/** A storage whose strict writes of own messages wait until `let` is called. */
function holding(inner: Storage) {
  const begun: WriteBatch[] = []
  let hold = false
  let go: () => void = () => {}
  const storage: Storage = {
    async open(onTrouble, space) {
      const handle = await inner.open(onTrouble, space)
      return {
        read: () => handle.read(),
        claim: (key, value) => handle.claim(key, value),
        pages: (name, reading) => handle.pages(name, reading),
        waiting: () => handle.waiting(),
        erase: () => handle.erase(),
        close: () => handle.close(),
        async write(batch) {
          begun.push(batch)
          if (hold && batch.segments?.some(({ kind }) => kind === 'own')) {
            hold = false
            await new Promise<void>((resolve) => (go = resolve))
          }
          return handle.write(batch)
        },
      }
    },
  }
  return { storage, begun, hold: () => (hold = true), go: () => go() }
}

test('§6 dismissed: a refused message is let go of on the disk only when what replaces it is there', async () => {
  const home = await place({
    rules: { todo: { create: (_, { values }) => values['title'] !== 'bomb' || 'no bombs' } },
  })
  const { storage, begun, hold, go } = holding(memoryStorage())
  const store = await home.open({ entities: [Todo], storage })
  const bomb = store.create(Todo, { title: 'bomb' })
  await bomb.settled()
  await home.settle()
  store.setOnline(false)
  const isDismissal = ({ meta }: WriteBatch): boolean =>
    meta?.some(([key]) => key === `dismissed:${bomb.messageId}`) ?? false
  hold()
  store.reauthor(bomb.messageId)
  await until(() => begun.at(-1)!.segments?.some(({ kind }) => kind === 'own') ?? false)
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
  expect(begun.some(isDismissal)).toBe(false)
  go()
  await until(() => begun.some(isDismissal))
})
