/**
 * Rules of a deployment, as types: changes and rows are those of the entity. Nothing here runs: the type
 * check covers this file, and an unused `@ts-expect-error` fails it.
 */
import type { Rules } from '../review/rules.ts'
import { type FieldSchema, optional } from '../schema/codec.ts'
import { entity } from '../schema/entity.ts'
import { counter } from '../schema/merging-fields.ts'
import type { AnyRow } from '../schema/types.ts'
import type { ReviewerOptions } from './api.ts'
import { createReviewer } from './reviewer.ts'

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

function holds<T extends true>(value: T): T {
  return value
}

declare const text: FieldSchema<string>
declare const status: FieldSchema<'open' | 'done'>

const Item = entity('item', {
  title: text,
  status,
  note: optional(text),
  likes: counter(),
})
const Place = entity('place', { name: text })

declare const platform: Omit<ReviewerOptions, 'entities' | 'rules'>

void createReviewer({
  ...platform,
  entities: [Item, Place],
  rules: {
    item: {
      create(context, change) {
        holds<Equal<typeof change.entity, 'item'>>(true)
        holds<Equal<typeof change.values.status, 'open' | 'done' | undefined>>(true)
        holds<Equal<typeof change.values.note, string | undefined>>(true)
        holds<Equal<typeof change.values.$archived, boolean | undefined>>(true)
        // An operation, as it travels.
        holds<Equal<typeof change.values.likes, unknown>>(true)
        // @ts-expect-error: no field of it
        void change.values.name
        return context.person.proved || 'only with a login'
      },
      update: (_, { values }, row) => {
        holds<Equal<typeof row.status, 'open' | 'done'>>(true)
        holds<Equal<typeof row.likes, number>>(true)
        return values.title === undefined || row.status === 'open' || 'it is done'
      },
      archive: ({ samePerson }, _, row) => samePerson(row.$createdBy) || 'not yours',
      // @ts-expect-error: a rule answers true or a sentence, at once
      resolve: async () => true,
    },
    place: {
      update: (_, __, row) => row.name === '' || 'it has a name',
    },
  },
})

void createReviewer({
  ...platform,
  entities: [Item],
  rules: {
    // @ts-expect-error: not among the entities
    place: {},
  },
})

void createReviewer({
  ...platform,
  entities: [Item],
  rules: {
    // @ts-expect-error: no such rule
    item: { migrate: () => true },
  },
})

void createReviewer({
  ...platform,
  rules: {
    anything: {
      update(_, change, row) {
        holds<Equal<typeof row, AnyRow>>(true)
        holds<Equal<typeof change.values, Readonly<Record<string, unknown>>>>(true)
        return true
      },
    },
  },
})

/** A module of rules names its types. */
const rules: Rules<typeof Item | typeof Place> = {
  item: { resolve: (_, { values }, row) => values.title !== row.title || 'nothing is decided' },
}
void createReviewer({ ...platform, entities: [Item, Place], rules })
