/** Ids belong to the session that mints them, and one that is taken all the same costs one row a refusal. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { schemaId } from '../schema/system.ts'
import { entity } from '../schema/entity.ts'
import { Desk, type DeskOptions, type HandAuthor, type HandMessage } from '../testing/desk.ts'

const shape = z.object({ title: z.string() })
const Issue = entity('issue', shape)
const Named = entity('named', shape, { idPolicy: 'supplied' })
const Forked = entity('forked', shape, { idPolicy: 'supplied', onExists: 'fork' })
const entities = [Issue, Named, Forked]

const V4 = '6f1c2a34-8a5e-4c1b-9d70-0a1b2c3d4e5f'

function creation(author: HandAuthor, type: string, id: string, sid?: string): HandMessage {
  return author.message([{ type, id, kind: 'create', values: { title: 'x' }, ...(sid && { sid }) }])
}

async function verdictOn(
  options: DeskOptions,
  make: (eve: HandAuthor, ann: HandAuthor) => HandMessage,
): Promise<string | undefined> {
  const desk = await Desk.open(options)
  const ann = await desk.author('ann')
  const eve = await desk.author('eve')
  const message = make(eve, ann)
  await eve.offer(message)
  return eve.verdict(message)
}

describe('minted ids', () => {
  const cases: [
    title: string,
    make: (eve: HandAuthor, ann: HandAuthor) => HandMessage,
    untyped: string,
    typed: string,
  ][] = [
    ['of the own session', (eve) => creation(eve, 'issue', eve.ids.next()), 'accepted', 'accepted'],
    [
      'of another session',
      (eve, ann) => creation(eve, 'issue', ann.ids.next()),
      'invalid',
      'invalid',
    ],
    [
      'of another session, which is named',
      (eve, ann) => creation(eve, 'issue', ann.ids.next(), ann.sessionId),
      'invalid',
      'invalid',
    ],
    [
      'of nobody',
      (eve) => creation(eve, 'issue', '6f1c2a34-8a5e-8c1b-9d70-0a1b2c3d4e5f'),
      'invalid',
      'invalid',
    ],
    ['of another version', (eve) => creation(eve, 'issue', V4), 'accepted', 'invalid'],
    [
      'of another version, for a type of supplied ids',
      (eve) => creation(eve, 'named', V4),
      'accepted',
      'accepted',
    ],
    [
      'of another session, for a type of supplied ids',
      (eve, ann) => creation(eve, 'named', ann.ids.next()),
      'invalid',
      'accepted',
    ],
  ]
  test.each(cases)('§2 minted ids: %s', async (_, make, untyped, typed) => {
    expect(await verdictOn({}, make)).toBe(untyped)
    expect(await verdictOn({ entities }, make)).toBe(typed)
  })

  test('§2 minted ids: the id of a published version is minted by no author', async () => {
    const id = schemaId('issue', 2, 0)
    const verdict = await verdictOn({}, (eve) => creation(eve, '$schema', id))
    expect(verdict).toBe('invalid')
    const desk = await Desk.open()
    const eve = await desk.author('eve')
    await eve.offer(creation(eve, '$schema', id))
    expect(desk.events.at(-1)).not.toMatchObject({ detail: expect.stringContaining('minted') })
  })
})

describe('an id that is taken', () => {
  test.each([undefined, entities])(
    '§7 entity_exists: by a row of the same type, of another type, and of a type that forks',
    async (known) => {
      const desk = await Desk.open(known && { entities: known })
      const ann = await desk.author('ann')
      const eve = await desk.author('eve')
      await eve.offer(creation(eve, 'forked', V4))
      const other = creation(ann, 'named', V4)
      await ann.offer(other)
      expect(ann.verdict(other)).toBe('entity_exists')
      const id = V4.replace('4c1b', '4c1c')
      await eve.offer(creation(eve, 'named', id))
      const same = creation(ann, 'named', id)
      await ann.offer(same)
      expect(ann.verdict(same)).toBe('entity_exists')
    },
  )
})

describe('the order of the checks', () => {
  test('§13.10 unknown_schema: a reviewer that does not know the version gives no verdict, with any other fault', async () => {
    const desk = await Desk.open({ entities })
    const ann = await desk.author('ann')
    await ann.offer(creation(ann, 'named', V4))
    const { ids } = ann
    const newer = { type: 'issue', kind: 'create', values: { title: 1 }, version: 7 } as const
    const messages = [
      // the id exists, and the version is not known
      ann.message([{ ...newer, type: 'named', id: V4 }]),
      // one change could be refused, another is not known
      ann.message([
        { type: 'named', id: V4, kind: 'create', values: { title: 'x' } },
        { ...newer, id: ids.next() },
      ]),
      ann.message([
        { type: 'issue', id: ids.next(), kind: 'create', values: { title: 4 } },
        { ...newer, id: ids.next() },
      ]),
      ann.message([
        { type: 'issue', id: V4, kind: 'create', values: { title: 'x' } },
        { ...newer, type: 'unheard', id: ids.next() },
      ]),
    ]
    for (const message of messages) await ann.offer(message)
    expect(messages.map((message) => ann.verdict(message))).toEqual(
      messages.map(() => 'nack unknown_schema'),
    )
  })
})
