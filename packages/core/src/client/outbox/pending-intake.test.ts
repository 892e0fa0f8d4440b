/** What a store shows of the messages that other sessions of its device have stored. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Position } from '../../facts/message.ts'
import type { AuthoredMessage, Names } from '../../facts/types.ts'
import { descendantsAmong, Repo } from '../../rows/repo.ts'
import { entity } from '../../schema/entity.ts'
import { PendingIntake } from './pending-intake.ts'

const AUTHOR = 'author'
const NO_NAMES: Names = { canonical: [], own: [], others: [] }

/** An intake at the beginning of a space, and the rows that it shows. */
function rig(position: () => Position | null = () => null): {
  readonly repo: Repo
  readonly intake: PendingIntake
} {
  const repo = new Repo({
    entities: [entity('task', z.object({ title: z.string() }))],
    viewer: { authorId: () => AUTHOR, isMine: () => true, volatile: () => false },
    onListenerError: (error) => expect.fail(String(error)),
    onTable: () => {},
  })
  let arrivals = 0
  const intake = new PendingIntake({
    repo,
    position,
    isPartial: false,
    nextArrival: () => ++arrivals,
    hides: () => false,
    noteReadings: () => {},
    onTaken: () => {},
    onOutdated: () => {},
    stored: () => undefined,
  })
  return { repo, intake }
}

/** The only message of a session, which writes the title of one task. */
function writing(
  sessionId: string,
  {
    kind,
    parents,
    seq = 0,
  }: { readonly kind: 'create' | 'update'; readonly parents: Names; readonly seq?: number },
): AuthoredMessage {
  const seen = { eid: null, seq, chain: '', from: 1, except: [] }
  const shape = { type: 'task', kind, schemaVersion: 1, regs: ['title'] }
  return {
    id: `message of ${sessionId}`,
    hash: '',
    clientSeq: 1,
    time: 0,
    seen,
    session: { facts: { authorId: AUTHOR, sessionId } },
    changes: [{ shape, entityId: 'e', parents, values: [sessionId] }],
  } as unknown as AuthoredMessage // hashes and keys of sessions are not read here
}

test('a message that was read before the one it depends on is shown after it, and leaves with it', () => {
  const { repo, intake } = rig()
  const take = (message: AuthoredMessage): ReturnType<PendingIntake['take']> =>
    intake.take({ message, session: message.session.facts, bases: undefined })
  const first = { sessionId: 'first', clientSeq: 1, from: 1, except: [] }
  const child = take(
    writing('second', { kind: 'update', parents: { ...NO_NAMES, others: [first] } }),
  )
  expect(repo.tableNamed('task').row('e')).toBeUndefined()

  const parent = take(writing('first', { kind: 'create', parents: NO_NAMES }))
  intake.showReached()
  expect(repo.tableNamed('task').row('e')).toMatchObject({ title: 'second' })
  expect(child.arrival).toBeGreaterThan(parent.arrival)
  expect(child.writes[0]?.parents).toEqual(parent.writes)

  const standing = descendantsAmong([child], new Set([parent]))
  expect(standing).toEqual([child])
  repo.removePending([parent, ...standing])
  expect(repo.tableNamed('task').row('e')).toBeUndefined()
})

test('a message that was shown is hidden when its canonical state is discarded, until the view has reached it again', () => {
  let position: Position | null = { seq: 5 } as Position // only its seq is read
  const { repo, intake } = rig(() => position)
  const parents = { ...NO_NAMES, canonical: [5] }
  const message = writing('first', { kind: 'update', parents, seq: 5 })
  const entry = intake.take({ message, session: message.session.facts, bases: undefined })
  expect(repo.messages.get(entry.id)).toBe(entry)
  intake.hideUnreached()
  expect(repo.messages.get(entry.id)).toBe(entry)

  position = null
  intake.hideUnreached()
  expect(repo.messages.get(entry.id)).toBeUndefined()
  expect(intake.unseen(entry.id)).toBe(entry)
  expect(repo.tableNamed('task').hasPending('e')).toBe(false)

  position = { seq: 6 } as Position
  intake.showReached()
  expect(repo.messages.get(entry.id)).toBe(entry)
  expect(repo.tableNamed('task').pending('e')).toEqual(entry.writes)
})
