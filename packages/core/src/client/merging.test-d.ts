/**
 * Fields that merge, as types: rows show values, and inputs and patches take operations alone.
 * Nothing here runs: the type check covers this file, and an unused `@ts-expect-error` fails it.
 */
import { add, rename } from '../schema/lens/steps.ts'
import type { SyncStore } from './store.ts'
import { type FieldSchema, optional } from '../schema/codec.ts'
import { entity } from '../schema/entity.ts'
import { counter, ops, set } from '../schema/merging-fields.ts'
import type { CounterOperation, SetOperation } from '../schema/operations.ts'
import type { Input, Patch, Row } from '../schema/types.ts'

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

function holds<T extends true>(value: T): T {
  return value
}

declare const text: FieldSchema<string>
declare const letter: FieldSchema<'a' | 'b'>

const Post = entity('post', {
  title: text,
  note: optional(text),
  likes: counter(),
  tags: set(letter),
  best: ops((best: number, score: { readonly by: number }) => Math.max(best, score.by), {
    initial: 0,
  }),
})

export function rightPrograms(store: SyncStore, id: string): void {
  const row: Row<typeof Post> = store.read(Post, id)!
  holds<Equal<(typeof row)['likes'], number>>(true)
  holds<Equal<(typeof row)['tags'], readonly ('a' | 'b')[]>>(true)
  holds<Equal<(typeof row)['best'], number>>(true)
  holds<Equal<Input<typeof Post>['likes'], CounterOperation | undefined>>(true)
  holds<Equal<Input<typeof Post>['title'], string>>(true)
  holds<Equal<NonNullable<Patch<typeof Post>['tags']>, SetOperation<'a' | 'b'>>>(true)
  holds<Equal<Patch<typeof Post>['note'], string | undefined>>(true)
  store.create(Post, { title: 'a' })
  store.create(Post, { title: 'a', likes: counter.increment(2), tags: set.add('a') })
  store.update(Post, row.id, { likes: counter.increment(-1), note: undefined })
  store.update(Post, row.id, { tags: set.remove('a', 'b'), best: ops.apply({ by: 3 }) })
  store.query(Post, { where: { likes: { gt: 2 } }, orderBy: ['-likes', 'best'] })
  entity('post', { title: text }).version(2, { name: text, likes: counter() }, [
    rename('title', 'name'),
    add('likes', 0),
  ])
}

export function wrongPrograms(store: SyncStore, id: string): void {
  // @ts-expect-error -- A counter takes no value.
  store.create(Post, { title: 'a', likes: 2 })
  // @ts-expect-error -- A counter takes no value.
  store.update(Post, id, { likes: 2 })
  // @ts-expect-error -- Nor is it ever unset.
  store.update(Post, id, { likes: undefined })
  // @ts-expect-error -- An operation of another kind.
  store.update(Post, id, { likes: set.add('a') })
  // @ts-expect-error -- No element of that set.
  store.update(Post, id, { tags: set.add('c') })
  // @ts-expect-error -- No operation of that fold.
  store.update(Post, id, { best: ops.apply({ to: 3 }) })
  // @ts-expect-error -- A field of values takes no operation.
  store.update(Post, id, { title: counter.increment(1) })
  // @ts-expect-error -- A set holds JSON without parts.
  set.add(['a'])
}
