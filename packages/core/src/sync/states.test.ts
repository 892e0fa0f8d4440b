/** How a follower takes in states of rows, and what it does not take. */
import { expect, test } from 'vitest'
import type { Json } from '../base/json.ts'
import { LIMITS } from '../facts/limits.ts'
import { Repo } from '../rows/repo.ts'
import { DESK_SPACE, Desk, type HandAuthor, type HandMessage } from '../testing/desk.ts'
import { batchReadingBounds } from '../wire/bounds.ts'
import { type ReviewerFrames, authorFrame } from '../wire/frames.ts'
import { type PageEntity, readPage } from '../wire/pages.ts'
import type { Scope } from '../wire/scopes.ts'
import { TailReader } from './tail.ts'

const ALL: Scope = { type: 'issue', equal: [] }

type StatesFrame = ReviewerFrames['states'] & { readonly texts: string }

function heardBy(author: HandAuthor): readonly StatesFrame[] {
  return author.heard.flatMap((frame) => (frame.kind === 'states' ? [frame] : []))
}

function entitiesIn({ texts }: StatesFrame): readonly PageEntity[] {
  const read = texts === '' ? undefined : readPage(texts)
  return read?.ok ? read.value : []
}

function follower(): { readonly repo: Repo; readonly tail: TailReader } {
  const repo = new Repo({
    entities: [],
    viewer: { authorId: () => undefined, isMine: () => false, volatile: () => false },
    onListenerError: (error) => {
      throw error
    },
    onTable: () => {},
  })
  const tail = new TailReader(repo, {
    space: DESK_SPACE,
    bounds: batchReadingBounds(LIMITS),
    heldChainsMax: LIMITS.heldChainsMax,
    onOtherHistory: () => {},
    onTaken: () => {},
    onDisowned: () => {},
    onErased: () => {},
    onErasedElsewhere: () => {},
    findOwn: () => undefined,
    findWaiting: () => undefined,
  })
  return { repo, tail }
}

/** Ann's row and two edits of it, as a link that follows the type is told of them. */
async function told(): Promise<{ readonly frames: readonly StatesFrame[]; readonly id: string }> {
  const desk = await Desk.open()
  const [ann, bob] = [await desk.author('ann'), await desk.author('bob')]
  const scopes = { no: 1, anew: true, scopes: [ALL], whole: 0, have: null }
  bob.send(authorFrame('follow', scopes))
  await desk.settle()
  const root: HandMessage = ann.create('issue', { title: 'one' })
  await ann.offer(root)
  const edit = ann.change([root], { title: 'two' })
  await ann.offer(edit)
  await ann.offer(ann.change([edit], { title: 'three' }))
  await desk.close()
  return { frames: heardBy(bob), id: root.changes[0]!.entityId }
}

function titleOf(repo: Repo, id: string): Json | undefined {
  return repo.tableNamed('issue').row(id)?.['title'] as Json | undefined
}

test('VIEW4: frames have numbers without gaps, and the positions of the commits', async () => {
  const { frames } = await told()
  expect(frames.map(({ no, of, done, more }) => [no, of, done, more])).toEqual([
    [1, 1, 1, false],
    [2, 1, 1, false],
    [3, 1, 1, false],
    [4, 1, 1, false],
  ])
  expect(frames.map(({ position }) => position.seq)).toEqual([0, 1, 2, 3])
})

test('VIEW7: a state that is older than the one here is skipped, also in one step', async () => {
  const { frames, id } = await told()
  const { repo, tail } = follower()
  const take = (...numbers: readonly number[]): ReadonlyMap<string, string> => {
    const taken = numbers.map((no) => frames.find((frame) => frame.no === no)!)
    return tail.states({
      entities: taken.flatMap(entitiesIn),
      position: taken.at(-1)!.position,
      accepted: new Map(),
      isOther: false,
      gone: new Set<string>(),
      ...{ followed: [], erasedSeq: 0 },
      whole: [],
      onChanged: () => {},
    }).changed
  }
  expect([...take(2).keys()]).toEqual([id])
  expect(titleOf(repo, id)).toBe('one')
  expect([...take(4, 3).keys()]).toEqual([id])
  expect(titleOf(repo, id)).toBe('three')
  const row = repo.tableNamed('issue').row(id)
  expect([...take(2, 3, 4).keys()]).toEqual([])
  expect(repo.tableNamed('issue').row(id)).toBe(row)
})

test('VIEW7: a row that a whole scope was not sent goes, and no other', async () => {
  const { frames, id } = await told()
  const { repo, tail } = follower()
  const step = {
    position: frames.at(-1)!.position,
    accepted: new Map(),
    isOther: false,
    gone: new Set<string>(),
    ...{ followed: [], erasedSeq: 0 },
    onChanged: () => {},
  }
  tail.states({ ...step, entities: frames.flatMap(entitiesIn), whole: [] })
  const other: Scope = { type: 'issue', equal: [['title', 'two']] }
  tail.states({ ...step, entities: [], whole: [{ scope: other, has: () => false }] })
  expect(titleOf(repo, id)).toBe('three')
  tail.states({ ...step, entities: [], whole: [{ scope: ALL, has: (sent) => sent === id }] })
  expect(titleOf(repo, id)).toBe('three')
  const { changed } = tail.states({
    ...step,
    entities: [],
    whole: [{ scope: ALL, has: () => false }],
  })
  expect([titleOf(repo, id), [...changed.keys()]]).toEqual([undefined, [id]])
})

test('ERA6: with a newer erasure, rows that are in no whole scope go, and those that were sent stay', async () => {
  const { frames, id } = await told()
  const { repo, tail } = follower()
  const position = frames.at(-1)!.position
  const step = {
    position,
    accepted: new Map(),
    isOther: false,
    gone: new Set<string>(),
    whole: [],
    onChanged: () => {},
  }
  const entities = frames.flatMap(entitiesIn)
  const other: Scope = { type: 'issue', equal: [['title', 'two']] }
  tail.states({ ...step, entities, followed: [], erasedSeq: 1 })
  expect(titleOf(repo, id)).toBe('three')
  // It was known before, or the row is followed.
  tail.states({ ...step, entities: [], followed: [], erasedSeq: position.seq })
  tail.states({ ...step, entities: [], followed: [ALL], erasedSeq: position.seq + 1 })
  expect(titleOf(repo, id)).toBe('three')
  const { changed } = tail.states({
    ...step,
    ...{ entities: [], followed: [other], erasedSeq: position.seq + 1 },
  })
  expect([titleOf(repo, id), [...changed.keys()]]).toEqual([undefined, [id]])
})
