/** Runs as text: with and without assigned values, old texts included; and what is no run. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Assigned, Bases, Message } from '../message/message.ts'
import { DESK_SPACE, Desk } from '../testing/desk.ts'
import { packMessages } from './pack.ts'
import { ownRunText, readRun, runText } from './runs.ts'

async function messages(): Promise<{ all: Message[]; sessionId: string }> {
  const desk = await Desk.open()
  const ann = await desk.author('ann')
  const root = ann.create('invoice', { title: 'a' })
  const update = ann.change([root], { title: 'b' })
  const two = ann.message(
    [1, 2].map((n) => ({
      type: 'invoice',
      id: ann.ids.next(),
      kind: 'create' as const,
      values: { title: `t${n}` },
    })),
  )
  return { all: [root, update, two], sessionId: ann.sessionId }
}

const head = { fromSeq: 5, at: 9, forked: [1], chain: 'A'.repeat(43) }
const assigned = new Map<number, readonly Assigned[]>([
  [0, [{ number: 1, slug: 'a' }]],
  [2, [{}, { number: 2 }]],
])

describe('assigned values', () => {
  test('§19 runs: come back aligned with the changes, for everyone and for their author', async () => {
    const { all, sessionId } = await messages()
    const texts = [
      runText({ ...head, assigned }, packMessages(all)),
      ownRunText({ ...head, assigned }, sessionId, [1, 2, 3]),
    ]
    for (const text of texts) {
      const run = readRun(JSON.parse(text), DESK_SPACE)
      expect(run).toMatchObject({ ok: true, value: { ...head, count: 3 } })
      expect(run.ok && run.value.assigned).toEqual(assigned)
    }
  })

  test('§19 runs: a run without them is the text it always was, and is read as before', async () => {
    const { all, sessionId } = await messages()
    const packed = packMessages(all)
    const old = `[5,9,[1],"${head.chain}",${packed}]`
    expect(runText(head, packed)).toBe(old)
    expect(runText({ ...head, assigned: new Map() }, packed)).toBe(old)
    const run = readRun(JSON.parse(old), DESK_SPACE)
    expect(run).toMatchObject({ ok: true, value: { count: 3 } })
    expect(run.ok && 'assigned' in run.value).toBe(false)
    expect(ownRunText(head, sessionId, [1])).toBe(`[5,9,[1],"${head.chain}",["${sessionId}",[1]]]`)
  })

  test.each<[string, unknown]>([
    ['no list', {}],
    ['of a review beyond the run', [[3, [{ number: 1 }]]]],
    ['of no offset', [['0', [{ number: 1 }]]]],
    [
      'twice',
      [
        [0, [{ number: 1 }]],
        [0, [{ number: 1 }]],
      ],
    ],
    ['of too few changes', [[2, [{ number: 1 }]]]],
    ['of too many changes', [[0, [{ number: 1 }, 0]]]],
    ['to an update', [[1, [{ number: 1 }]]]],
    ['over what the author wrote', [[0, [{ title: 'mine' }]]]],
    ['to a reserved register', [[0, [{ $archived: true }]]]],
    ['to a register named id', [[0, [{ id: 1 }]]]],
    ['that are a list', [[0, [[1]]]]],
    ['that are nothing', [[0, [null]]]],
    ['of an object with a dollar', [[0, [{ number: { $x: 1 } }]]]],
  ])('§19 runs: assigned values %s are malformed', async (_, list) => {
    const { all } = await messages()
    const json: unknown = JSON.parse(runText(head, packMessages(all)))
    expect(readRun([...(json as unknown[]), list], DESK_SPACE).ok).toBe(false)
  })

  test('§19 runs: the key __proto__ is refused, as everywhere', async () => {
    const { all } = await messages()
    const text = runText(head, packMessages(all)).replace(/\]$/, ',[[0,[{"__proto__":{"x":1}}]]]]')
    expect(readRun(JSON.parse(text), DESK_SPACE).ok).toBe(false)
  })

  test('§19 runs: whatever stands there, reading never throws', async () => {
    const { all } = await messages()
    const json = JSON.parse(runText(head, packMessages(all))) as unknown[]
    fc.assert(
      fc.property(fc.jsonValue(), (list) => {
        expect(typeof readRun([...json, list], DESK_SPACE).ok).toBe('boolean')
      }),
      { numRuns: 300 },
    )
  })
})

const bases = new Map<number, readonly Bases[]>([
  [1, [{ title: { version: 1, value: 'milk' }, done: 'nothing', points: 'unknown' }]],
  [2, [{}, { tags: { version: 2, value: ['я', null] } }]],
])

describe('what stood before conflicts', () => {
  test('§19 runs: comes back aligned with the changes, with and without assigned values', async () => {
    const { all, sessionId } = await messages()
    for (const more of [{ bases }, { bases, assigned }, { bases: new Map([[0, []]]) }]) {
      const texts = [
        runText({ ...head, ...more }, packMessages(all)),
        ownRunText({ ...head, ...more }, sessionId, [1, 2, 3]),
      ]
      for (const text of texts) {
        const run = readRun(JSON.parse(text), DESK_SPACE)
        expect(run.ok && run.value).toMatchObject({ ...head, ...more, count: 3 })
      }
    }
  })

  test.each<[string, unknown]>([
    ['no list', {}],
    ['of a review beyond the run', [[3, [{ title: [] }]]]],
    [
      'twice',
      [
        [0, [0]],
        [0, [0]],
      ],
    ],
    ['of too few changes', [[2, [{ title: [] }]]]],
    ['of too many changes', [[0, [0, 0]]]],
    ['that are a list', [[0, [[1]]]]],
    ['that are a text', [[0, [{ title: 'milk' }]]]],
    ['of no version', [[0, [{ title: ['1', 'milk'] }]]]],
    ['of no value', [[0, [{ title: [1] }]]]],
    ['of two values', [[0, [{ title: [1, 2, 3] }]]]],
    ['of half a surrogate pair', [[0, [{ title: [1, '\ud800'] }]]]],
    ['of a reserved register', [[0, [{ $schema: [] }]]]],
    ['of __proto__', [[0, [JSON.parse('{"__proto__":[]}')]]]],
  ])('§19 runs: bases %s are malformed', async (_, list) => {
    const { all } = await messages()
    const json = JSON.parse(runText(head, packMessages(all))) as unknown[]
    expect(readRun([...json, 0, list], DESK_SPACE).ok).toBe(false)
  })
})
