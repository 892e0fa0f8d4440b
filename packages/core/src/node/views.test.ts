/** What a link is answered that asks again for the scopes that it follows. */
import { expect, test } from 'vitest'
import { Desk } from '../testing/desk.ts'
import { authorFrame, parseAuthorFrame } from '../wire/frames.ts'
import type { Scope } from '../wire/scopes.ts'

const scope = (type: string): Scope => ({ type, equal: [] })

test('VIEW2 a `follow` with a number that was heard asks for news: the answer has no rows', async () => {
  const desk = await Desk.open()
  const [ann, bob] = [await desk.author('ann'), await desk.author('bob')]
  await ann.offer(ann.create('issue', { title: 'one' }), ann.create('issue', { title: 'two' }))
  await desk.pass(2_000)
  const follow = (): Promise<void> => {
    const scopes = [scope('issue')]
    bob.send(authorFrame('follow', { no: 1, anew: true, scopes, whole: 0, have: null }))
    return desk.settle()
  }
  const answers = () =>
    bob.heard.flatMap((frame) =>
      frame.kind === 'states' ? [[frame.no, frame.of, frame.done, frame.texts !== '']] : [],
    )
  await follow()
  expect(answers()).toEqual([
    [1, 1, 0, true],
    [2, 1, 1, false],
  ])
  await follow()
  expect(answers().slice(2)).toEqual([[3, 1, 1, false]])
  await bob.follow() // from then on the whole space
  await ann.offer(ann.create('issue', { title: 'three' }))
  expect(answers()).toHaveLength(3)
})

test('VIEW2 a `follow` has at most 256 scopes', () => {
  const asking = (count: number) => {
    const scopes = Array.from({ length: count }, (_, n) => scope(`type${n}`))
    return parseAuthorFrame(
      authorFrame('follow', { no: 1, anew: true, scopes, whole: 0, have: null }),
    )
  }
  expect(asking(256)).toMatchObject({ ok: true })
  expect(asking(257)).toMatchObject({ ok: false })
})
