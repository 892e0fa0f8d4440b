/**
 * A space of many rows on many boards, written past the reviewer: states with their keys, and a head
 * that is signed. It has no messages, which followers of scopes never request.
 */
import { positionBytes } from '@countersign/core/message'
import type { SpaceStore, WrittenState } from '@countersign/core/ports'
import { type Epoch, type PageEntity, pageText, positionJson } from '@countersign/core/protocol'
import { createReviewer } from '@countersign/core/reviewer'
import { nodeClock, nodeRandom, nodeSigner, sqliteSpaces } from '@countersign/reviewer'
import { must } from '../figure.ts'
import { entityIdOf } from '../reviewer/task.ts'
import { Card, boardOf } from './card.ts'

/** Where the reviewer keeps its key. */
const OWN_SPACE = '00000000-0000-0000-0000-000000000000'
const AUTHOR = '11111111-0000-8000-8000-000000000000'
const SESSION = '22222222-0000-4000-8000-000000000000'
const ROWS_A_WRITE = 5_000

/** Fills an empty folder with that many rows, one message each. */
export async function fillBoards(folder: string, space: string, rows: number): Promise<void> {
  const signer = nodeSigner()
  const spaces = sqliteSpaces(folder)
  const keys = await signer.generate()
  const own = spaces.open(OWN_SPACE)
  await own.claimMeta('key', JSON.stringify(keys))
  await own.claimMeta('space', space)
  const platform = { signer, random: nodeRandom(), clock: nodeClock() }
  await (await createReviewer({ space, spaces, keys, ...platform })).close()
  const store = spaces.open(space)
  // The reviewer has stored it.
  const epoch = JSON.parse((await store.meta('epoch'))!) as Epoch
  const { eid, epoch: term, chain } = epoch
  const at = { eid, epoch: term, seq: rows, chain }
  const head = positionJson({ ...at, sig: await signer.sign(keys, positionBytes(space, at)) })
  const outcome = await store.append({
    epoch: term,
    expect: { seq: 0, commits: 0 },
    batch: { fromSeq: 1, toSeq: rows, text: 'nobody reads it', seals: '' },
    head: JSON.stringify([head, []]),
  })
  must(outcome === 'committed', 'the space is not empty')
  for (let from = 0; from < rows; from += ROWS_A_WRITE)
    await writeRows(store, epoch, { from, to: Math.min(rows, from + ROWS_A_WRITE) })
  await spaces.close()
}

async function writeRows(
  store: SpaceStore,
  epoch: Epoch,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<void> {
  const states = Array.from({ length: to - from }, (_, i) => stateOf(from + i, epoch))
  const write = { epoch: epoch.epoch, fromThrough: from, through: to, states, changes: [] }
  must((await store.writeBehind(write)) === 'written', 'the rows are fenced')
}

function stateOf(no: number, { reviewerId, eid, epoch }: Epoch): WrittenState {
  const seq = no + 1
  const board = boardOf(no)
  const id = entityIdOf(no)
  const review = { reviewerId, eid, epoch, seq, forked: false, at: 1_767_225_600_000 }
  const page: PageEntity = {
    type: Card.name,
    id,
    writes: [
      {
        message: {
          id: entityIdOf(no + 0x4000_0000),
          ...{ authorId: AUTHOR, sessionId: SESSION, clientSeq: seq },
          seen: { eid: null, seq: 0, chain: '', from: seq, except: [] },
          ...{ timestamp: 1_767_225_600_000, review },
        },
        ...{ index: 0, version: 1, isCreation: true },
        regs: ['board', 'done', 'title'],
        values: [board, false, `Card ${no}: what is to be done, in some words`],
      },
    ],
    ...{ heads: [0], linear: true },
  }
  const found = { way: '["board"]', keys: [JSON.stringify(['board', board])] }
  return { entity: id, type: Card.name, seq, text: pageText([page]), found }
}
