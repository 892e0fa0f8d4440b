/** A space with rows in each table, for the tests of the SQLite store. */
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesOf } from '@countersign/core/ports'
import type { Bytes, Commit, SpaceStore } from '@countersign/core/ports'

export const SPACE: string = 'ab000000-0000-4000-8000-000000000001'
export const MUCH: Bytes = bytesOf(1e9)

/** A new folder, in memory where the machine supports it: the tests do not depend on the disk. */
export function freshFolder(): string {
  const root = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  return mkdtempSync(join(root, 'countersign-space-file-'))
}

export function fileOf(folder: string, space: string = SPACE): string {
  return join(folder, space.slice(0, 2), `${space}.sqlite`)
}

export function commitOf(seq: number, commits: number, more: Partial<Commit> = {}): Commit {
  const [fromSeq, toSeq] = [seq + 1, seq + 2]
  return {
    epoch: 1,
    expect: { seq, commits },
    batch: { fromSeq, toSeq, text: `text of batch ${fromSeq}`, seals: `seals of batch ${fromSeq}` },
    head: `head ${toSeq}`,
    ...more,
  }
}

/** Four batches of two seqs, two sessions, rejections, states and changes. */
export async function fill(store: SpaceStore): Promise<void> {
  const sessions = ['s1', 's2'].map((sessionId) => ({ sessionId, text: `session ${sessionId}` }))
  for (let at = 0; at < 4; at++) {
    const more: Partial<Commit> = {
      revocations: [{ key: 'person ann', text: 'revocation of ann' }],
      authors: ['a1', 'a2'].map((authorId) => ({
        authorId,
        text: `person of author ${authorId}`,
      })),
      sessions: at === 0 ? sessions : [],
      accepted: [{ sessionId: 's1', clientSeq: 1 + at * 10, count: 2, seq: 1 + at * 2 }],
      rejections: [
        { msgId: `m${at}`, sessionId: 's2', clientSeq: 1 + at, text: `rejection number ${at}` },
      ],
    }
    await store.append(commitOf(at * 2, at, more))
  }
  await store.writeBehind({
    epoch: 1,
    fromThrough: 0,
    through: 8,
    states: ['e1', 'e2'].map((entity) => ({ entity, type: 't', seq: 8, text: `state ${entity}` })),
    changes: [1, 2, 3].map((seq) => ({ entity: 'e1', seq, text: `change number ${seq}` })),
  })
  await store.claimMeta('key', 'value of key')
}
