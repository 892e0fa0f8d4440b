/**
 * Commits for the tests of space stores, which any process can make: everything that seq n
 * brings is a function of n, so that two processes agree on it, and of what came before it, so
 * that what is lost or double shows.
 */
import { bytesOf } from '@countersign/core/ports'
import type { ChangeText, Commit, SpaceHead, StateText, WriteBehind } from '@countersign/core/ports'

export const SPACE = '00000000-0000-4000-8000-00000000000a'
export const MUCH = bytesOf(1_000_000_000)

/** A head that has committed nothing. */
export const START = { seq: 0, commits: 0 } as const

export interface CommitParts {
  /** How many seqs the batch takes; 0: no batch. */
  readonly count?: number
  readonly epoch?: number
  readonly more?: Partial<Commit>
}

/** A commit of epoch 1 that continues a head, with its texts made of its seqs. */
export function commitOf(
  head: Pick<SpaceHead, 'seq' | 'commits'>,
  parts: CommitParts = {},
): Commit {
  const { count = 1, epoch = 1, more = {} } = parts
  const { seq, commits } = head
  const [fromSeq, toSeq] = [seq + 1, seq + count]
  const batch = { fromSeq, toSeq, text: batchText(fromSeq, toSeq), seals: `seals ${toSeq}` }
  return {
    epoch,
    expect: { seq, commits },
    ...(count > 0 ? { batch } : {}),
    head: `head ${toSeq} of commit ${commits + 1}`,
    ...more,
  }
}

export function batchText(fromSeq: number, toSeq: number): string {
  return `batch ${fromSeq}-${toSeq} "ü\u0000" ${'.'.repeat(fromSeq % 40)}`
}

export function headAfter(commit: Commit): { readonly seq: number; readonly commits: number } {
  return { seq: commit.batch?.toSeq ?? commit.expect.seq, commits: commit.expect.commits + 1 }
}

/** Which of `entities` a seq changes: one that is new from time to time, else an old one again. */
export function entityAt(seq: number, entities: number): string {
  return `e${(seq * 7_921) % entities}`
}

/** What is written behind between two seqs: an entity's state lists all seqs that changed it. */
export function behindOf(
  fromThrough: number,
  through: number,
  entities: number,
  epoch = 1,
): WriteBehind {
  const changes: ChangeText[] = []
  const touched = new Set<string>()
  for (let seq = fromThrough + 1; seq <= through; seq++) {
    const entity = entityAt(seq, entities)
    touched.add(entity)
    changes.push({ entity, seq, text: `change ${seq}` })
  }
  const states = [...touched].map((entity) => stateOf(entity, through, entities))
  return { epoch, fromThrough, through, states, changes }
}

export function stateOf(entity: string, through: number, entities: number): StateText {
  const seqs: number[] = []
  for (let seq = 1; seq <= through; seq++) if (entityAt(seq, entities) === entity) seqs.push(seq)
  const type = Number(entity.slice(1)) % 2 === 0 ? 'even' : 'odd'
  return { entity, type, seq: seqs.at(-1) ?? 0, text: `seqs ${seqs.join(' ')}` }
}
