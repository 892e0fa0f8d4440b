/**
 * A store that follows one board of 500 cards in a space of many: how long until it is complete, from
 * the call to `follow` on a link that is there, over Socket.IO on loopback with the reviewer on SQLite in
 * this process; what it is sent; and what a commit costs while 200 others follow other boards.
 */
import { type SyncStore, createSyncStore, followed } from '@countersign/core'
import { sqliteSpaces, startReviewer } from '@countersign/reviewer'
import { socketIo } from '@countersign/transport-socketio'
import type { Settings } from '../args.ts'
import { type Figure, loneFigure, median, must } from '../figure.ts'
import { withPlace } from '../net/processes.ts'
import { Card, ROWS_A_BOARD, boardOf, setRows } from './card.ts'
import { fillBoards } from './fill.ts'

const SPACE = '0d6cbb5e-8f1c-4f0e-8f62-64a7f0f1c0be'
const ROUNDS = 7
const FOLLOWERS = 200
const COMMITS = 200

export async function runScopes({ rows, rounds = ROUNDS }: Settings): Promise<readonly Figure[]> {
  setRows(rows)
  return withPlace(async (place) => {
    const folder = place.folder()
    await fillBoards(folder, SPACE, rows)
    const reviewer = await startReviewer({
      ...{ port: 0, host: '127.0.0.1', space: SPACE, entities: [Card] },
      spaces: sqliteSpaces(folder),
    })
    try {
      return await measured(reviewer.url, rounds)
    } finally {
      await reviewer.close()
    }
  })
}

async function measured(url: string, rounds: number): Promise<readonly Figure[]> {
  const times: number[] = []
  let bytes = 0
  for (let round = 0; round < rounds; round++) {
    const follower = await opened(url)
    const before = follower.bytes()
    times.push(await complete(follower.store, boardOf(round)))
    bytes = follower.bytes() - before
    await follower.store.close()
  }
  const alone = await commitMs(url)
  const others = await Promise.all(Array.from({ length: FOLLOWERS }, () => opened(url)))
  await Promise.all(others.map(({ store }, i) => complete(store, boardOf(i + 1))))
  const among = await commitMs(url)
  await Promise.all(others.map(({ store }) => store.close()))
  const name = 'scopes'
  return [
    loneFigure(
      { name, what: `until a board of ${ROWS_A_BOARD} rows is complete`, unit: 'ms' },
      times,
    ),
    loneFigure({ name: `${name} bytes`, what: 'the same, a row', unit: 'B' }, [
      bytes / ROWS_A_BOARD,
    ]),
    loneFigure(
      { name: `${name} commit`, what: 'an edit, until it is accepted', unit: 'ms' },
      alone,
    ),
    loneFigure(
      {
        name: `${name} commit among`,
        what: `the same, with ${FOLLOWERS} stores on other boards`,
        unit: 'ms',
      },
      among,
    ),
  ]
}

interface Follower {
  readonly store: SyncStore
  /** Characters that came so far. */
  readonly bytes: () => number
}

async function opened(url: string): Promise<Follower> {
  const transport = socketIo(url)
  let bytes = 0
  const store = createSyncStore({
    ...{ space: SPACE, entities: [Card], scope: followed, server: true },
    transports: [
      {
        connect: (events) =>
          transport.connect({
            ...events,
            frame: (text) => {
              bytes += Buffer.byteLength(text)
              events.frame(text)
            },
          }),
      },
    ],
  })
  await store.ready
  await until(() => store.status.getState().connection === 'online')
  return { store, bytes: () => bytes }
}

async function complete(store: SyncStore, board: string): Promise<number> {
  const begun = performance.now()
  await store.follow(Card, { where: { board } }).ready
  const tookMs = performance.now() - begun
  const { rows, complete: isComplete } = store.query(Card, { where: { board } })
  must(isComplete && rows.length === ROWS_A_BOARD, `the board has ${rows.length} rows`)
  must(store.query(Card).rows.length === ROWS_A_BOARD, 'the store has rows of other boards')
  return tookMs
}

/** Edits one after the other of one row of the first board, each until its verdict. */
async function commitMs(url: string): Promise<readonly number[]> {
  const { store } = await opened(url)
  await complete(store, boardOf(0))
  // The board is complete.
  const { id } = store.query(Card, { where: { board: boardOf(0) } }).rows[0]!
  const times: number[] = []
  for (let n = 0; n < COMMITS; n++) {
    const begun = performance.now()
    const { verdict } = await store.update(Card, id, { done: n % 2 === 0 }).settled()
    must(verdict === 'accepted', 'an edit is refused')
    times.push(performance.now() - begun)
  }
  await store.close()
  return [median(times)]
}

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 30_000
  while (!holds()) {
    must(performance.now() < end, 'a store does not come online')
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
