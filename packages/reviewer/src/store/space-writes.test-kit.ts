/** Helpers of the killed writers of a space. Few imports, because each child process loads it. */
import type { SpaceStore, StateText, WriteBehind } from '@countersign/core/ports'

const ENTITIES = 7

export type Acked =
  | { readonly kind: 'accepted'; clientSeq: number; count: number; seq: number }
  | { readonly kind: 'refused'; clientSeq: number }
  | { readonly kind: 'behind'; through: number }

/** Random integers from 0 to below a count, reproducible by seed. */
export function randomOf(seed: number): (count: number) => number {
  let state = seed >>> 0
  return (count) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * count)
  }
}

/** The first clientSeq of a session without a verdict. */
export async function nextClientSeq(store: SpaceStore, sessionId: string): Promise<number> {
  let next = 1
  for (;;) {
    const runs = await store.ledgerRuns(sessionId, next, 5)
    if (runs.length === 0) return next
    next = runs.at(-1)!.clientSeq + runs.at(-1)!.count
  }
}

/** The states as of a seq: each lists the seqs that changed it. */
export function statesOf(through: number): readonly StateText[] {
  const states: StateText[] = []
  for (let no = 0; no < ENTITIES && no < through; no++) {
    const seqs: number[] = []
    for (let seq = no + 1; seq <= through; seq += ENTITIES) seqs.push(seq)
    states.push({
      entity: `e${no}`,
      type: 't',
      seq: seqs.at(-1) ?? 0,
      text: `seqs ${seqs.join(' ')}`,
    })
  }
  return states
}

export function behindOf(fromThrough: number, through: number): WriteBehind {
  const changes = Array.from({ length: through - fromThrough }, (_, i) => {
    const seq = fromThrough + 1 + i
    return { entity: `e${(seq - 1) % ENTITIES}`, seq, text: `change ${seq}` }
  })
  const states = statesOf(through).filter(({ seq }) => seq > fromThrough)
  return { epoch: 1, fromThrough, through, states, changes }
}
