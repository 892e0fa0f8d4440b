/**
 * Invariants of the reviewer's store (S24): its ledger is that of its batches, and its states of rows are
 * the folds of its batches, up to the seq that it states and no further. Checked at each write, and once
 * more when nothing is left to do.
 */
import type { Commit, SpaceTables, WriteBehind } from '@countersign/core/ports'
import { bytesOf, spacesOver } from '@countersign/core/ports'
import { readPage } from '@countersign/core/protocol'
import { SeededRandom, simSigner } from '@countersign/core/testing'
import { verifySpace } from '@countersign/core/upkeep'
import { EVERYBODY } from '../../model/operations.ts'
import type { EntityHistory } from '../facts.ts'
import { type CommittedBatch, SPACE, type Truth } from '../truth.ts'
import { must } from '../violation.ts'

const ENDLESS = { count: 1_000_000, bytes: bytesOf(2 ** 40) }

/** The numbers that a commit uses up are those of its messages, and each message has a session. */
export function s24Ledger(
  truth: Truth,
  batches: readonly CommittedBatch[],
  { accepted = [], batch, rejections = [], sessions = [] }: Commit,
  tables: SpaceTables,
): void {
  const said = accepted.flatMap(({ sessionId, clientSeq, count, seq }) =>
    Array.from({ length: count }, (_, i) => `${sessionId} ${clientSeq + i} ${seq + i}`),
  )
  const found = batches.flatMap(({ messages, fromSeq }) =>
    messages.map(
      ({ session, clientSeq }, i) => `${session.facts.sessionId} ${clientSeq} ${fromSeq + i}`,
    ),
  )
  must(
    said.sort().join() === found.sort().join(),
    'S24',
    () => `the ledger is told of ${said.join(', ')}, the batch has ${found.join(', ')}`,
  )
  for (const { msgId, sessionId, clientSeq } of rejections) {
    const message = truth.facts.message(msgId)
    const isIts = message?.session.facts.sessionId === sessionId && message.clientSeq === clientSeq
    must(
      !message || isIts,
      'S24',
      () =>
        `the refusal of ${truth.facts.nameOf(msgId)} uses up number ${clientSeq} of ${sessionId}`,
    )
  }
  const fresh = new Set(sessions.map(({ sessionId }) => sessionId))
  for (const { sessionId } of [...accepted, ...rejections]) {
    const isKnown = fresh.has(sessionId) || tables.sessions([sessionId])[0] !== undefined
    must(isKnown, 'S24', () => `a verdict is stored on session ${sessionId}, which is not`)
  }
  if (!batch) return
  const { forked } = JSON.parse(batch.seals) as { readonly forked: readonly number[] }
  for (let seq = batch.fromSeq; seq <= batch.toSeq; seq++) {
    const fact = truth.accepted[seq - 1]!
    must(
      forked.includes(seq - batch.fromSeq) === truth.isForked(fact),
      'S24',
      () => `${fact.name} is stored as ${truth.isForked(fact) ? 'not ' : ''}forked`,
    )
  }
}

/** Every row that has changed between two seqs is written, as it is at the second of them. */
export function s24States(truth: Truth, write: WriteBehind): void {
  const { fromThrough, through } = write
  must(through <= truth.seq, 'S24', () => `states of ${through}, and the store is at ${truth.seq}`)
  const states = new Set(write.states.map(({ entity }) => entity))
  const changes = new Set(write.changes.map(({ entity, seq }) => `${entity} ${seq}`))
  for (let seq = fromThrough + 1; seq <= through; seq++) {
    for (const { entity } of truth.accepted[seq - 1]!.oracle.changes) {
      const name = truth.history(entity)!.name
      must(states.has(entity), 'S24', () => `${name} changed at ${seq}, and is not written`)
      must(changes.has(`${entity} ${seq}`), 'S24', () => `${name} lacks its change at ${seq}`)
    }
  }
  for (const { entity, seq } of write.changes) {
    const isTrue = truth.accepted[seq - 1]?.oracle.changes.some((each) => each.entity === entity)
    must(isTrue, 'S24', () => `${entity} is said to have changed at ${seq}`)
  }
  for (const { entity, seq, text } of write.states) stateIs(truth, { entity, seq, text, through })
}

/** At the end: every number has its verdict, and every row its state. */
export function s24Store(truth: Truth, tables: SpaceTables): void {
  const { through, seq } = tables.head()
  must(seq === truth.seq, 'S24', () => `the store is at ${seq}, and has committed ${truth.seq}`)
  for (const fact of truth.accepted) {
    const { session, clientSeq } = fact.message
    const [answer] = tables.ledger(session.facts.sessionId, [clientSeq])
    must(
      answer?.kind === 'accepted' && answer.seq === fact.seq,
      'S24',
      () => `the ledger calls ${fact.name} ${answer?.kind}, and not accepted at ${fact.seq}`,
    )
  }
  for (const history of truth.facts.entities()) {
    const seqs = history
      .within(history.acceptedAt(through))
      .map((fact) => fact.seq!)
      .sort((a, b) => b - a)
    const [stored] = tables.states([history.id], ENDLESS.bytes)
    must(
      seqs.length > 0 === (stored !== undefined),
      'S24',
      () => `${history.name} is ${stored ? '' : 'not '}stored as of ${through}`,
    )
    if (!stored?.text.ok) continue
    stateIs(truth, { entity: history.id, seq: stored.seq, text: stored.text.value, through })
    const changes = tables.changes(history.id, Infinity, ENDLESS).map((change) => change.seq)
    must(
      changes.join() === seqs.join(),
      'S24',
      () => `${history.name} is stored with the changes ${changes.join()}, has ${seqs.join()}`,
    )
  }
}

/** An operator's tool, without a reviewer, finds no fault in the store. */
export async function s24Verified(tables: SpaceTables): Promise<void> {
  const faults: string[] = []
  await verifySpace({
    space: SPACE,
    store: spacesOver(() => async (_, step) => step(tables)).open(SPACE),
    signer: simSigner({ random: new SeededRandom(1) }),
    onFault: ({ place, what }) => {
      // A state that has rotted is folded again when it is read.
      const hasRotted = place.startsWith('the state of') && what.endsWith('is damaged in the store')
      if (!hasRotted) faults.push(`${place}: ${what}`)
    },
  })
  must(faults.length === 0, 'S24', () => `the store does not verify: ${faults.join('; ')}`)
}

function stateIs(
  truth: Truth,
  {
    entity,
    seq,
    text,
    through,
  }: {
    readonly entity: string
    readonly seq: number
    readonly text: string
    readonly through: number
  },
): void {
  const history = truth.history(entity)!
  const mask = history.acceptedAt(through)
  const newest = Math.max(...history.within(mask).map((fact) => fact.seq!))
  must(seq === newest, 'S24', () => `${history.name} of ${newest} is stored as that of ${seq}`)
  const read = readPage(text)
  const [page] = read.ok ? read.value : []
  must(page?.id === entity, 'S24', () => `the stored state of ${history.name} cannot be read`)
  const found = page.heads.map((head) => page.writes[head]!.message.id).sort()
  const { heads, live } = history.expected(mask)
  must(
    found.join() === [...heads].sort().join(),
    'S24',
    () => `${history.name} is stored with the heads ${names(found)} as of ${through}`,
  )
  function names(ids: readonly string[]): string {
    return ids.map((id) => truth.facts.nameOf(id)).join()
  }
  for (const [reg, writes] of live) {
    if (writes.some(({ by }) => by === EVERYBODY)) continue
    const stands = page.writes
      .filter(({ regs }) => regs.includes(reg))
      .map(({ message }) => message.id)
    must(
      stands.sort().join() ===
        writes
          .map(({ by }) => by)
          .sort()
          .join(),
      'S24',
      () =>
        `${history.name}.${reg} is stored as ${names(stands)} wrote it, ${known(history, mask)}`,
    )
  }
}

function known(history: EntityHistory, mask: bigint): string {
  return `after ${history
    .within(mask)
    .map(({ name }) => name)
    .join()}`
}
