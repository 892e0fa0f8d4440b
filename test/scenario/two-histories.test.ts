/**
 * A reviewer that tells two histories: with its own key it signs a batch for bob that ann never sees, and
 * withholds one of hers from him. Nothing of it can be refused, as each history by itself is signed.
 * What ann writes names what she has read, and that shows it.
 */
import { inspect } from '@countersign/core/inspect'
import { afterEach, expect, test } from 'vitest'
import { HONEST, Note, World, batchAfter, tailAfter } from './middleman.ts'

let world: World

afterEach(() => world.scene.close())

/** The words of the alarm; undefined: there is none. */
function alarm(): string | undefined {
  return world.bob.status.getState().alarm
}

/** Shows bob the newest batch that the reviewer has told, as one that follows his own history. */
async function tellNewest(): Promise<void> {
  const at = world.bob.status.getState().position!
  world.way.say(await tailAfter(at, batchAfter(world.way.newest('tail').texts, at), HONEST))
  await world.pass(50)
}

test('GATE10 an author who has read another history is an alarm, and nothing is refused', async () => {
  world = await World.open()
  const source = inspect(world.bob)!
  source.subscribe(() => {})
  await world.write('for all')
  const before = world.bob.status.getState().position!
  const other = await world.tailOfOther('only for bob')
  world.way.toStore = (frame, text) => (frame.kind === 'tail' ? [] : [text])
  world.way.say(await tailAfter(before, batchAfter(other.texts, before), HONEST))
  await world.pass(50)
  await world.write('not for bob')
  expect(world.canonicalTexts).toEqual(['for all', 'only for bob'])
  expect(alarm()).toBeUndefined()
  const { id } = world.ann.create(Note, { text: 'on what she has read', n: 1 })
  await world.pass(50)
  await tellNewest()
  const seq = before.seq + 1
  const words = new RegExp(`another history up to ${seq} than this store: the reviewer serves two`)
  expect(alarm()).toMatch(words)
  expect(world.bob.peek(Note, id).row).toMatchObject({ $state: 'canonical' })
  expect(world.bob.status.getState()).toMatchObject({ connection: 'online' })
  const told = source.events().filter(({ kind }) => kind === 'alarm')
  expect(told).toMatchObject([{ text: expect.stringMatching(words) as string }])
})
