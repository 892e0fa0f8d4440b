/** Fields that merge, as declared: rejected declarations, and allowed versions. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { add, code, map, remove, rename, scale, wrap } from './lens/steps.ts'
import { date, optional } from './codec.ts'
import { type Entity, entity } from './entity.ts'
import { kindOf } from './kind.ts'
import { counter, ops, set } from './merging-fields.ts'
import { eachKey } from './shape.ts'

const Post: Entity = entity('post', { title: z.string(), likes: counter(), tags: set(z.string()) })
const title = z.string()
const likes = counter()
const tags = set(z.string())
const fold = (n: number, more: number): number => n + more

describe('§13: a field that merges', () => {
  it('has a kind of its own', () => {
    expect(kindOf(counter())).toBe('counter')
    expect(kindOf(set(z.enum(['b', 'a'])))).toBe('set<"a" | "b">')
    expect(kindOf(ops(fold, { initial: 0 }))).toBe('operations')
  })

  it.each<[what: string, declare: () => unknown, why: RegExp]>([
    ['optional', () => entity('post', { likes: optional(counter()) }), /always has a value/],
    ['each key', () => entity('post', eachKey(counter() as never)), /without fixed fields/],
    ['assigned', () => Post.assigned('likes' as never), /cannot be assigned/],
    ['a policy', () => Post.conflicts({ likes: 'last' } as never), /never in conflict/],
    ['a set of dates', () => set(date() as never), /plain JSON/],
    ['an initial value', () => ops(fold, { initial: NaN }), /initial value/],
  ])('is refused: %s', (_, declare, why) => {
    expect(declare).toThrow(expect.objectContaining({ code: 'schema_refused' }))
    expect(declare).toThrow(why)
  })

  const version = (shape: object, steps: readonly unknown[]): Entity =>
    Post.version(2, shape as never, steps as never)

  it('is added, renamed and removed by versions, and a set may take more elements', () => {
    const renamed = version({ title, claps: likes, tags }, [rename('likes', 'claps')])
    expect(renamed.fieldOf('claps')!.reg).toBe('likes')
    expect(version({ title, tags }, [remove('likes')]).fieldOf('likes')).toBeUndefined()
    expect(version({ title, likes, tags: set(z.number()) }, [])).toBeDefined()
    const more = version({ title, likes, tags, views: counter() }, [add('views', 0)])
    expect(more.fieldOf('views')!.merging).toMatchObject({ kind: 'counter', initial: 0 })
    expect(version({ title, likes, tags, views: counter() }, [add('views')])).toBeDefined()
  })

  it.each<[what: string, shape: object, steps: readonly unknown[], why: RegExp]>([
    ['becomes a value', { title, likes: z.number(), tags }, [], /was counter and is number/],
    ['becomes another', { title, likes: tags, tags }, [], /was counter and is set/],
    ['was a value', { title: counter(), likes, tags }, [], /was string and is counter/],
    [
      'was a value, by code',
      { title: counter(), likes, tags },
      [code('title', { name: 'x', up: () => 1, down: () => '' })],
      /was string and is counter/,
    ],
    ['is scaled', { title, likes, tags }, [scale('likes', 2)], /scale: "likes" merges/],
    ['is wrapped', { title, likes, tags }, [wrap('tags')], /wrap: "tags" merges/],
    [
      'is mapped',
      { title, claps: likes, tags },
      [map('likes', 'claps', [[1, 2]])],
      /map: "claps" merges/,
    ],
    ['is removed with a default', { title, tags }, [remove('likes', 3)], /has no default/],
    [
      'starts elsewhere',
      { title, likes, tags, views: counter() },
      [add('views', 3)],
      /it starts at 0/,
    ],
    [
      'is scaled as it is added',
      { title, likes, tags, views: counter() },
      [add('views', 0), scale('views', 2)],
      /scale: "views" merges/,
    ],
  ])('VER13 is refused by a version: %s', (_, shape, steps, why) => {
    expect(() => version(shape, steps)).toThrow(why)
  })
})
