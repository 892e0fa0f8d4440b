/**
 * Validation of calls that every space store runs before it changes anything, and the rule that
 * joins runs of the ledger. A fault here is a bug of the caller.
 */
import { assert } from '../base/assert.ts'
import { fail } from '../base/outcome.ts'
import type { Fault } from '../base/outcome.ts'
import type {
  Commit,
  HeadMark,
  LedgerRun,
  SpaceHead,
  StateText,
  WriteBehind,
} from './space-store.ts'
import { STORE_KEYS_MAX } from './space-store.ts'

/** The head of a new space. */
export const NEW_HEAD: SpaceHead = {
  epoch: 0,
  seq: 0,
  commits: 0,
  sessions: 0,
  text: undefined,
  through: 0,
  entities: 0,
  hasRevocations: false,
}

/** Replaces a text whose row is missing or fails its checksum. */
export function damaged(what: string): { readonly ok: false; readonly error: Fault } {
  return fail('damaged', `${what} is damaged in the store`)
}

/** Throws an `InvariantError` for a commit that breaks the contract. */
export function checkCommit(commit: Commit): void {
  const { batch, expect, epoch } = commit
  assert(isCount(epoch) && epoch > 0, `epoch ${epoch} of a commit is not a positive integer`)
  assert(isCount(expect.seq) && isCount(expect.commits), 'the expected head has invalid numbers')
  checkText(commit.head, 'the head')
  if (batch !== undefined) {
    assert(
      batch.fromSeq === expect.seq + 1 && isCount(batch.toSeq) && batch.toSeq >= batch.fromSeq,
      `a batch of seqs ${batch.fromSeq} to ${batch.toSeq} does not continue seq ${expect.seq}`,
    )
    checkText(batch.text, `batch ${batch.fromSeq}`)
    checkText(batch.seals, `the seals of batch ${batch.fromSeq}`)
  }
  checkAccepted(commit)
  for (const { sessionId, text } of commit.sessions ?? []) {
    checkText(sessionId, 'a session id')
    checkText(text, `session ${sessionId}`)
  }
  for (const { authorId, text } of commit.authors ?? []) {
    checkText(authorId, 'an author id')
    checkText(text, `author ${authorId}`)
  }
  for (const { key, text } of commit.revocations ?? []) {
    checkText(key, 'the key of a revocation')
    checkText(text ?? '', 'a revocation')
  }
  for (const { msgId, clientSeq, text } of commit.rejections ?? []) {
    assert(isCount(clientSeq) && clientSeq > 0, `clientSeq ${clientSeq} of ${msgId} is invalid`)
    checkText(msgId, 'a message id')
    checkText(text, `the rejection of ${msgId}`)
  }
  for (const { fromSeq, text } of commit.redacted?.batches ?? [])
    checkText(text, `batch ${fromSeq}`)
  for (const { msgId, text } of commit.redacted?.rejections ?? []) {
    checkText(text, `the rejection of ${msgId}`)
  }
  for (const { key, value } of commit.redacted?.meta ?? []) checkText(value, `meta ${key}`)
}

/** Each accepted message has a seq of the batch, and no two have the same. */
function checkAccepted({ accepted = [], batch }: Commit): void {
  let free = batch?.fromSeq ?? 1
  const inOrder = accepted.toSorted((a, b) => a.seq - b.seq)
  for (const { clientSeq, count, seq, sessionId } of inOrder) {
    const isRun = isCount(clientSeq) && clientSeq > 0 && isCount(count) && count > 0
    assert(isRun, `${count} messages from ${clientSeq} of session ${sessionId} are not a run`)
    const fits = batch !== undefined && seq >= free && seq + count - 1 <= batch.toSeq
    assert(fits, `message ${clientSeq} of session ${sessionId} has no free seq at ${seq}`)
    free = seq + count
  }
}

/** Throws an `InvariantError` for a write that breaks the contract. */
export function checkWriteBehind(write: WriteBehind): void {
  const { fromThrough, through } = write
  assert(
    isCount(fromThrough) && isCount(through) && through >= fromThrough,
    `states cannot go from seq ${fromThrough} to ${through}`,
  )
  for (const { entity, type, seq, text, found } of write.states) {
    checkKey(seq, through, `the state of ${entity}`)
    checkText(type, `the type of ${entity}`)
    checkText(entity, 'an entity id')
    checkText(text, `the state of ${entity}`)
    for (const key of found?.keys ?? []) checkText(key, `a key of ${entity}`)
  }
  for (const { entity, seq, text } of write.changes) {
    checkKey(seq, through, `a change of ${entity}`)
    checkText(text, `change ${seq} of ${entity}`)
  }
}

function checkKey(seq: number, through: number, what: string): void {
  assert(isCount(seq) && seq > 0, `seq ${seq} of ${what} is invalid`)
  assert(seq <= through, `${what} at seq ${seq} is ahead of through ${through}`)
}

/** Fenced: a commit of an older epoch, and a commit that does not continue the newest one. */
export function isFencedCommit(commit: Commit, stored: HeadMark & { epoch: number }): boolean {
  const { epoch, expect } = commit
  return epoch < stored.epoch || expect.seq !== stored.seq || expect.commits !== stored.commits
}

/** Whether the write is fenced. Throws an `InvariantError` for a write ahead of the head. */
export function isFencedWriteBehind(write: WriteBehind, stored: SpaceHead): boolean {
  if (write.epoch < stored.epoch || write.fromThrough !== stored.through) return true
  assert(
    write.through <= stored.seq,
    `states through seq ${write.through} are ahead of the head at ${stored.seq}`,
  )
  return false
}

/**
 * Asserts that a written state replaces `stored` by one of the same type, as of the same seq or
 * later.
 */
export function checkState(state: StateText, stored: Pick<StateText, 'seq' | 'type'>): void {
  const { entity, seq, type } = state
  assert(type === stored.type, `entity ${entity} is of type ${stored.type}, not ${type}`)
  assert(seq >= stored.seq, `the state of ${entity} at ${stored.seq} cannot go back to ${seq}`)
}

/** Asserts the bound on the keys of one call: `STORE_KEYS_MAX`. */
export function checkKeys(keys: readonly unknown[]): void {
  assert(keys.length <= STORE_KEYS_MAX, `${keys.length} keys in one call, max ${STORE_KEYS_MAX}`)
}

/** Whether `next` continues `run`, in clientSeq and in seq. */
export function joins(run: LedgerRun, next: LedgerRun): boolean {
  if (run.clientSeq + run.count !== next.clientSeq) return false
  return run.seq === 0 ? next.seq === 0 : run.seq + run.count === next.seq
}

/** Throws an `InvariantError` if two runs of the ledger overlap. */
export function checkApart(sessionId: string, run: LedgerRun, known: LedgerRun | undefined): void {
  if (known === undefined) return
  const apart =
    known.clientSeq + known.count <= run.clientSeq || run.clientSeq + run.count <= known.clientSeq
  assert(apart, `message ${run.clientSeq} of session ${sessionId} has its verdict already`)
}

function checkText(text: string, what: string): void {
  assert(text.isWellFormed(), `the text of ${what} holds half of a surrogate pair`)
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
