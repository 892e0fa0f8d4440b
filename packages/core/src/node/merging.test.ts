/** Verdicts on operations: what a reviewer takes in a field that merges, with and without types. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Json } from '../base/json.ts'
import { entity } from '../schema/entity.ts'
import { counter, ops, set } from '../schema/merging-fields.ts'
import type { Operation } from '../schema/operations.ts'
import { Desk } from '../testing/desk.ts'

const Post = entity('post', {
  title: z.string(),
  likes: counter(),
  tags: set(z.string()),
  best: ops((best: number, n: number) => Math.max(best, n), {
    initial: 0,
    operation: z.number().max(10),
  }),
})

const json = (operation: Operation): Json => operation as unknown as Json

describe('§9: operations at the reviewer', () => {
  test('ADM20 of the declared kind and form are accepted, values and others are invalid', async () => {
    const desk = await Desk.open({ entities: [Post] })
    const ann = await desk.author('ann')
    const root = ann.create('post', { title: 'a', likes: json(counter.increment(1)) })
    await ann.offer(root)
    const wrong: Record<string, Json>[] = [
      { likes: 3 },
      { likes: { $unset: true } },
      { likes: json(set.add('a')) },
      { tags: json(set.add(1)) },
      { tags: ['a'] },
      { best: json(ops.apply(11)) },
      { title: json(counter.increment(1)) },
      { likes: json(counter.increment(Number.MAX_SAFE_INTEGER)) },
    ]
    for (const values of wrong) {
      const message = ann.change([root], values)
      await ann.offer(message)
      expect(ann.verdict(message), JSON.stringify(values)).toBe('invalid')
    }
    const right = ann.change([root], {
      likes: json(counter.increment(-5)),
      tags: json(set.remove('x')),
      best: json(ops.apply(4)),
    })
    await ann.offer(right)
    expect(ann.verdict(right)).toBe('accepted')
  })

  test('ADM20 do not mix with values and other kinds where no types are known', async () => {
    const desk = await Desk.open()
    const ann = await desk.author('ann')
    const root = ann.create('post', { title: 'a', likes: json(counter.increment(1)) })
    await ann.offer(root)
    for (const values of [
      { likes: 3 },
      { likes: json(set.add('a')) },
      { title: json(counter.increment(1)) },
    ]) {
      const message = ann.change([root], values)
      await ann.offer(message)
      expect(ann.verdict(message), JSON.stringify(values)).toBe('invalid')
    }
  })

  test('OPS5 never crowd a field, and a decision about others is not late for them', async () => {
    const desk = await Desk.open({ entities: [Post], limits: { liveWritesMax: 3 } })
    const ann = await desk.author('ann')
    const bob = await desk.author('bob')
    const root = ann.create('post', { title: 'a' })
    await ann.offer(root)
    for (let count = 0; count < 8; count++) {
      const beside = ann.change([root], { likes: json(counter.increment(1)) })
      await ann.offer(beside)
      expect(ann.verdict(beside)).toBe('accepted')
    }
    const both = { title: 'b', likes: json(counter.increment(1)) }
    const decision = bob.change([root], both, 'resolve')
    await bob.offer(decision)
    expect(bob.verdict(decision)).toBe('accepted')
  })
})
