/**
 * Whether frames reveal that two author ids are one person's: what another person receives from two
 * devices is the same, byte for byte except random texts, whether they belong to one person or to two.
 */
import { type SyncStore, entity } from '@countersign/core'
import { memorySpaces } from '@countersign/core/ports'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { VirtualScene } from './virtual.ts'
import { SPACE } from './wire.ts'

const Note = entity('note', z.object({ text: z.string() }))

interface Recorded {
  /** What Bob received, each random text by the number of its first appearance. */
  readonly heard: readonly string[]
  /** The same frames, unchanged. */
  readonly raw: readonly string[]
  /** The author ids of the laptop: before and after it took a new name; and of the phone. */
  readonly authorIds: readonly string[]
  /** The author ids of its person that the laptop gets. */
  readonly aliases: readonly string[]
  /** The person in the reviewer's table for each of the author ids. */
  readonly table: readonly unknown[]
}

/** A day of the laptop of Ann, of a phone, and of Bob, who records. */
async function recorded(phoneOf: string): Promise<Recorded> {
  const spaces = memorySpaces()
  const scene = await VirtualScene.open({
    ...{ spaces, entities: [Note], publishes: true },
    authenticate: (auth) => (auth === undefined ? null : { personalId: auth }),
  })
  const raw: string[] = []
  const entities = [Note]
  const laptop = await scene.store({ entities, personalId: 'canary-ann' })
  const phone = await scene.store({ entities, personalId: phoneOf })
  const heard = (text: string): void => void raw.push(text)
  const bob = await scene.store({ entities, personalId: 'bob', heard })
  await scene.settle()
  const authorOf = ({ status }: SyncStore): string => status.getState().authorId!
  const authorIds = [authorOf(laptop)]
  const { id } = laptop.create(Note, { text: 'by the laptop' })
  await scene.settle()
  phone.update(Note, id, { text: 'by the phone' })
  await scene.settle()
  for (const store of [laptop, phone]) store.setOnline(false)
  laptop.update(Note, id, { text: 'offline on the laptop' })
  phone.update(Note, id, { text: 'offline on the phone' })
  await scene.pause(60_000)
  for (const store of [laptop, phone]) store.setOnline(true)
  await scene.settle()
  await scene.wait(laptop.rotate())
  laptop.resolve(Note, id, { text: 'under another name' })
  phone.create(Note, { text: 'last' })
  await scene.settle()
  const history = await scene.wait(bob.history(Note, id))
  expect(history.entries.length).toBeGreaterThan(4)
  authorIds.push(authorOf(laptop), authorOf(phone))
  const stored = await spaces.open(SPACE).authors(authorIds)
  const table = stored.map((one) => one?.text.ok && one.text.value)
  const { aliases } = laptop.me.getState()
  await scene.close()
  return { heard: renamed(raw), raw, authorIds, aliases, table }
}

/** Ids, hashes, salts and signatures by the number of their first appearance. */
function renamed(texts: readonly string[]): string[] {
  const numbers = new Map<string, number>()
  const numberOf = (text: string): string => {
    if (!numbers.has(text)) numbers.set(text, numbers.size)
    return `#${numbers.get(text)}`
  }
  return texts.map((text) => text.replace(/sim\.\w+\.\w+|[\w-]{16,}/g, numberOf))
}

test('WHO3 two sessions of one person under two names are to others as two persons: nothing that they receive differs', async () => {
  const one = await recorded('canary-ann')
  const two = await recorded('cyd')
  expect(one.raw.length).toBeGreaterThan(8)
  expect(one.heard).toEqual(two.heard)
  expect(one.raw.filter((text) => text.includes('canary'))).toEqual([])
  // The reviewer knows it, and sends it to that person only.
  const [before, after, phone] = one.authorIds
  expect(new Set(one.authorIds).size).toBe(3)
  expect(one.table).toEqual(['canary-ann', 'canary-ann', 'canary-ann'])
  expect(two.table).toEqual(['canary-ann', 'canary-ann', 'cyd'])
  expect(new Set(one.aliases)).toEqual(new Set([before, phone]))
  expect(two.aliases).toEqual([two.authorIds[0]])
  expect(after).toBeDefined()
})
