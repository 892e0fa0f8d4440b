/**
 * Rows that only some persons may read: they come and go as rights change, and a person who may not read
 * a row gets no information on it in any frame.
 */
import { type SyncStore, entity, followed } from '@countersign/core'
import type { CanRead, ReviewerEvent } from '@countersign/core/reviewer'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type Line, VirtualScene } from './line.ts'

// Time is virtual, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

const Note = entity('note', {
  board: z.string(),
  title: z.string(),
  secretFor: z.array(z.string()),
}).index('board', ['board'])
const entities = [Note]

/** Persons who may read every row; no field of a row says so. */
const admins = new Set<string>()

const canRead: CanRead = ({ person, samePerson }, row) => {
  const readers = row['secretFor'] as readonly string[]
  if (readers.length === 0 || samePerson(row.$createdBy)) return true
  return person !== undefined && (readers.includes(person.id) || admins.has(person.id))
}

let scene: VirtualScene

afterEach(async () => {
  admins.clear()
  await scene.close()
})

interface Reader {
  readonly store: SyncStore
  readonly line: Line
  /** All frames that were sent to the store since the last call. */
  readonly heard: () => string
}

const isOnline = ({ store }: Reader): boolean => store.status.getState().connection === 'online'
const outbox = ({ store }: Reader): number => store.status.getState().outboxMessages

async function reader(person: string): Promise<Reader> {
  const line = scene.line()
  const store = await scene.page(line, { entities, scope: followed, person })
  let known = 0
  const heard = (): string => {
    const frames = line.sent.filter(({ direction }) => direction === 'down').slice(known)
    known += frames.length
    return frames.map(({ text }) => text).join('\n')
  }
  const one = { store, line, heard }
  await scene.until(() => isOnline(one), 5_000)
  await scene.result(store.follow(Note, { where: { board: 'a' } }).ready)
  return one
}

async function play(
  rule: CanRead = canRead,
): Promise<{ readonly ann: Reader; readonly bob: Reader; readonly events: ReviewerEvent[] }> {
  const events: ReviewerEvent[] = []
  scene = await VirtualScene.open({
    ...{ entities, canRead: rule },
    onEvent: (event) => events.push(event),
    authenticate: (auth) => (auth === undefined ? null : { personalId: auth }),
  })
  return { ann: await reader('ann'), bob: await reader('bob'), events }
}

async function settled(...readers: readonly Reader[]): Promise<void> {
  await scene.until(() => readers.every((one) => isOnline(one) && outbox(one) === 0), 60_000)
  await scene.pass(200)
}

const titles = ({ store }: Reader): readonly string[] =>
  store
    .query(Note, { where: { board: 'a' } })
    .rows.map(({ title }) => title)
    .sort()

const note = (title: string, secretFor: readonly string[] = []): object => ({
  board: 'a',
  title,
  secretFor,
})

describe('VIEW10: a row that a person may not read', () => {
  it('is in none of their scopes, and nothing at all is sent when it changes', async () => {
    const { ann, bob } = await play()
    const open = ann.store.create(Note, note('open') as never)
    await settled(ann, bob)
    bob.heard()
    const secret = ann.store.create(Note, note('a secret', ['carl']) as never)
    ann.store.update(Note, secret.id, { title: 'still a secret' })
    await settled(ann)
    expect(titles(ann)).toEqual(['open', 'still a secret'])
    expect(bob.heard()).toBe('')
    expect(titles(bob)).toEqual(['open'])
    expect(bob.store.query(Note, { where: { board: 'a' } }).complete).toBe(true)
    const carl = await reader('carl')
    expect(titles(carl)).toEqual(['open', 'still a secret'])
    const dave = await reader('dave')
    expect(titles(dave)).toEqual(['open'])
    expect(dave.heard()).not.toContain('a secret')
    expect(bob.store.peek(Note, open.id).status).toBe('ready')
  })

  it('comes and goes as its rights change', async () => {
    const { ann, bob } = await play()
    const { id } = ann.store.create(Note, note('of two', ['bob']) as never)
    await settled(ann, bob)
    expect(titles(bob)).toEqual(['of two'])
    bob.heard()
    ann.store.update(Note, id, { secretFor: ['carl'], title: 'withheld' })
    await settled(ann, bob)
    expect(titles(bob)).toEqual([])
    expect(bob.store.peek(Note, id).row).toBeUndefined()
    ann.store.update(Note, id, { title: 'withheld still' })
    await settled(ann, bob)
    expect(bob.heard()).not.toContain('withheld')
    ann.store.update(Note, id, { secretFor: [] })
    await settled(ann, bob)
    expect(titles(bob)).toEqual(['withheld still'])
  })

  it('leaves with the scope when it is withheld on its way out', async () => {
    const { ann, bob } = await play()
    const { id } = ann.store.create(Note, note('moves') as never)
    await settled(ann, bob)
    bob.heard()
    ann.store.update(Note, id, { board: 'b', title: 'elsewhere', secretFor: ['carl'] })
    await settled(ann, bob)
    expect(titles(bob)).toEqual([])
    expect(bob.store.peek(Note, id).row).toBeUndefined()
    expect(bob.heard()).not.toContain('elsewhere')
  })

  it('is withheld and shown with all others when rights change that are no fields of it', async () => {
    const { ann, bob } = await play()
    ann.store.create(Note, note('for carl', ['carl']) as never)
    ann.store.create(Note, note('for all') as never)
    await settled(ann, bob)
    admins.add('bob')
    scene.reviewer.rightsChanged('bob')
    await scene.pass(5_000)
    await settled(ann, bob)
    expect(titles(bob)).toEqual(['for all', 'for carl'])
    expect(bob.line.connections).toBe(2)
    expect(ann.line.connections).toBe(1)
    admins.delete('bob')
    scene.reviewer.rightsChanged()
    await scene.pass(5_000)
    await settled(ann, bob)
    expect(titles(bob)).toEqual(['for all'])
    expect(titles(ann)).toEqual(['for all', 'for carl'])
  })

  it('is any row for which the rule fails', async () => {
    const { ann, bob, events } = await play((context, row) => {
      if (row['title'] === 'odd') throw new Error('an odd row')
      return row['title'] === 'no answer' ? (undefined as never) : canRead(context, row)
    })
    for (const title of ['odd', 'no answer', 'open']) ann.store.create(Note, note(title) as never)
    await settled(ann, bob)
    expect(titles(bob)).toEqual(['open'])
    const failed = events.filter(({ type }) => type === 'can_read_failed')
    expect(failed).toContainEqual(expect.objectContaining({ error: 'an odd row', entity: 'note' }))
    expect(failed).toContainEqual(
      expect.objectContaining({ error: 'it must return a boolean, synchronously' }),
    )
  })

  it('has no history, like one that is not there', async () => {
    const { ann, bob } = await play()
    const { id } = ann.store.create(Note, note('a secret', ['carl']) as never)
    await settled(ann, bob)
    const nowhere = '0000000a-0000-4000-8000-000000000000'
    const [withheld, unknown, own] = [
      await scene.result(bob.store.history(Note, id)),
      await scene.result(bob.store.history(Note, nowhere)),
      await scene.result(ann.store.history(Note, id)),
    ]
    expect(withheld.entries).toEqual([])
    expect(withheld).toEqual(unknown)
    expect(own.entries).toHaveLength(1)
    expect(bob.heard()).not.toContain('a secret')
  })
})

describe('VIEW11: whoever may not read a row', () => {
  it('may not write it, and learns nothing by trying', async () => {
    const { ann, bob } = await play()
    const { id } = ann.store.create(Note, note('of two', ['bob']) as never)
    await settled(ann, bob)
    bob.store.setOnline(false)
    bob.heard()
    const late = bob.store.update(Note, id, { title: 'of Bob' })
    ann.store.update(Note, id, { title: 'withheld', secretFor: ['carl'] })
    await settled(ann)
    bob.store.setOnline(true)
    await settled(bob)
    const verdict = await scene.result(late.settled())
    expect(verdict).toMatchObject({ verdict: 'rejected', reason: 'unauthorised', standing: [] })
    expect(bob.heard()).not.toContain('withheld')
    // The row was kept because of the pending change, and goes with it.
    expect(bob.store.peek(Note, id).row).toBeUndefined()
    expect(titles(ann)).toEqual(['withheld'])
  })

  it('gets the acceptance of a change that has withheld the row, and no longer has the row', async () => {
    const { ann, bob } = await play()
    const { id } = ann.store.create(Note, note('given away', ['bob']) as never)
    await settled(ann, bob)
    const given = bob.store.update(Note, id, { secretFor: ['carl'] })
    await settled(ann, bob)
    expect((await scene.result(given.settled())).verdict).toBe('accepted')
    expect(titles(bob)).toEqual([])
    expect(titles(ann)).toEqual(['given away'])
  })
})

describe('VIEW10: conflicts', () => {
  it('of a withheld row reveal no former values', async () => {
    const { ann, bob } = await play()
    const carl = await reader('carl')
    const { id } = ann.store.create(Note, note('the base', ['carl']) as never)
    await settled(ann, carl)
    carl.store.setOnline(false)
    carl.store.update(Note, id, { title: 'of Carl' })
    ann.store.update(Note, id, { title: 'of Ann' })
    await settled(ann)
    carl.store.setOnline(true)
    await settled(ann, carl)
    expect(carl.store.read(Note, id)?.$conflicts['title']?.base).toBe('the base')
    const heard = bob.heard()
    for (const secret of ['the base', 'of Carl', 'of Ann', id]) expect(heard).not.toContain(secret)
  })
})

describe('a store that follows the whole space', () => {
  it('gets a note to follow scopes, and no data', async () => {
    const { ann } = await play()
    ann.store.create(Note, note('open') as never)
    await settled(ann)
    const line = scene.line()
    const all = await scene.page(line, { entities, person: 'eve' })
    await scene.pass(3_000)
    expect(all.status.getState().connectionNote).toMatch(/has to follow scopes/)
    expect(all.query(Note).rows).toEqual([])
    expect(line.sent.map(({ text }) => text).join()).not.toContain('"open"')
  })
})
