/** A message that never gets a verdict, and the other messages that its author writes meanwhile. */
import { entity } from '@countersign/core'
import { afterEach, expect, it } from 'vitest'
import { z } from 'zod'
import { type Scene, scene } from './wire.ts'

const Issue = entity('issue', z.object({ title: z.string() }))
let open: Scene | undefined

afterEach(async () => {
  await open?.close()
  open = undefined
})

it('§12 poison: a message that a broken rule delays does not delay messages that do not depend on it', async () => {
  let failures = 0
  open = await scene({
    entities: [Issue],
    rules: {
      issue: {
        create(_, { values }) {
          if (values['title'] === 'bomb') throw new Error('boom')
          return true
        },
      },
    },
    onEvent: ({ type }) => void (failures += type === 'rule_failed' ? 1 : 0),
  })
  const ann = await open.open({ entities: [Issue] })
  const bomb = ann.create(Issue, { title: 'bomb' })
  const child = ann.update(Issue, bomb.id, { title: 'on top' })
  // After the third nack a pause is a second and more: the later messages must not wait for it.
  while (failures < 3) await new Promise((resolve) => setTimeout(resolve, 5))
  const startedMs = performance.now()
  for (let n = 0; n < 20; n++) {
    const verdict = await ann.create(Issue, { title: `fine ${n}` }).settled()
    expect(verdict).toMatchObject({ verdict: 'accepted' })
  }
  expect(performance.now() - startedMs).toBeLessThan(1_000)
  expect([bomb.state, child.state]).not.toContain('accepted')
  expect(ann.read(Issue, bomb.id)).toMatchObject({ title: 'on top' })
  expect(ann.status.getState().outboxMessages).toBe(2)
}, 30_000)
