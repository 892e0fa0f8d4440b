/**
 * A space in memory: the rules of the space store port as plain data. It is the reference that
 * other stores are compared with, the store of tests and demos, and the tables behind the faulty
 * store of `core/testing`. Knows nothing of time, processes or faults.
 */
import { assert } from '../base/assert.ts'
import { ok } from '../base/outcome.ts'
import { utf8Bytes } from '../base/size.ts'
import type { Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import { LedgerMemory } from './ledger-memory.ts'
import {
  NEW_HEAD,
  checkCommit,
  checkKeys,
  checkState,
  checkWriteBehind,
  isFencedCommit,
  isFencedWriteBehind,
} from './space-check.ts'
import { spacesOver } from './space-over.ts'
import type {
  AuthorText,
  BatchText,
  ChangeText,
  Commit,
  LedgerAnswer,
  LedgerRun,
  NumberedSession,
  ReadLimit,
  RejectionText,
  RevocationText,
  ScanTables,
  SpaceHead,
  SpaceStores,
  SpaceTables,
  StateKeyRange,
  StateKeys,
  StateText,
  Stored,
  WriteBehind,
} from './space-store.ts'

/** Stores whose data lives as long as the returned object. Handles on one space share its data. */
export function memorySpaces(): SpaceStores {
  const spaces = new Map<Uuid, MemoryTables>()
  return spacesOver((space) => {
    const tables = spaces.get(space) ?? new MemoryTables()
    spaces.set(space, tables)
    return async (_, step) => step(tables)
  })
}

interface EntityRow {
  readonly state: StateText
  readonly found: StateKeys
  /** By seq, in order. */
  readonly changes: ChangeText[]
}

export class MemoryTables implements SpaceTables {
  #head: SpaceHead = NEW_HEAD
  readonly #batches: (BatchText & { readonly seals: string })[] = []
  readonly #sessions = new Map<string, NumberedSession>()
  readonly #sessionIds: string[] = []
  /** By id, the oldest first. */
  readonly #authors = new Map<string, AuthorText>()
  /** Ids by text, the oldest first. */
  readonly #authorIds = new Map<string, Set<string>>()
  readonly #revocations = new Map<string, RevocationText>()
  readonly #ledger = new LedgerMemory()
  /** By message id, the oldest first. */
  readonly #rejections = new Map<string, RejectionText>()
  readonly #entities = new Map<string, EntityRow>()
  readonly #meta = new Map<string, string>()

  head(): SpaceHead {
    return { ...this.#head, hasRevocations: this.#revocations.size > 0 }
  }

  /** Replaces all data by a copy of those of another one, as when a backup is restored. */
  become(other: MemoryTables): void {
    this.#head = other.#head
    this.#batches.splice(0, Infinity, ...other.#batches)
    this.#sessionIds.splice(0, Infinity, ...other.#sessionIds)
    replace(this.#sessions, other.#sessions)
    replace(this.#authors, other.#authors)
    const authorIds = [...other.#authorIds].map(([text, ids]) => [text, new Set(ids)] as const)
    replace(this.#authorIds, authorIds)
    replace(this.#revocations, other.#revocations)
    this.#ledger.become(other.#ledger)
    replace(this.#rejections, other.#rejections)
    const rows = [...other.#entities].map(
      ([id, { state, changes }]) => [id, { state, changes: [...changes] }] as const,
    )
    replace(this.#entities, rows)
    replace(this.#meta, other.#meta)
  }

  /** Begins after a place: states up to there are somewhere else. `before`: some batches that lead there. */
  beginAt(head: Pick<SpaceHead, 'epoch' | 'seq'>, before: readonly BatchText[]): void {
    assert(this.#head === NEW_HEAD, 'tables begin once')
    this.#head = { ...NEW_HEAD, ...head, through: head.seq }
    for (const batch of before) this.#batches.push({ ...batch, seals: '' })
  }

  append(commit: Commit): 'committed' | 'fenced' {
    checkCommit(commit)
    const stored = this.#head
    if (isFencedCommit(commit, stored)) return 'fenced'
    this.#checkKnown(commit)
    this.#ledger.add(commit.accepted ?? [], commit.rejections ?? [])
    for (const session of commit.sessions ?? []) this.#putSession(session.sessionId, session.text)
    for (const author of commit.authors ?? []) this.#putAuthor(author)
    for (const { key, text } of commit.revocations ?? []) {
      if (text === undefined) this.#revocations.delete(key)
      else this.#revocations.set(key, { key, text })
    }
    if (commit.batch !== undefined) this.#batches.push({ ...commit.batch })
    for (const rejection of commit.rejections ?? []) {
      this.#rejections.set(rejection.msgId, { ...rejection })
    }
    this.#redact(commit.redacted)
    this.#head = {
      ...stored,
      epoch: commit.epoch,
      seq: commit.batch?.toSeq ?? stored.seq,
      commits: stored.commits + 1,
      sessions: this.#sessionIds.length,
      text: commit.head,
    }
    return 'committed'
  }

  writeBehind(write: WriteBehind): 'written' | 'fenced' {
    checkWriteBehind(write)
    if (isFencedWriteBehind(write, this.#head)) return 'fenced'
    const fresh = new Set(write.states.map(({ entity }) => entity))
    for (const state of write.states) {
      const known = this.#entities.get(state.entity)
      if (known !== undefined) checkState(state, known.state)
    }
    for (const { entity } of write.changes) {
      assert(fresh.has(entity) || this.#entities.has(entity), `entity ${entity} has no state`)
    }
    for (const state of write.states) {
      const changes = this.#entities.get(state.entity)?.changes ?? []
      const { found = NO_KEYS, ...text } = state
      this.#entities.set(state.entity, { state: text, found, changes })
    }
    for (const change of write.changes) this.#putChange(change)
    this.#head = { ...this.#head, through: write.through, entities: this.#entities.size }
    return 'written'
  }

  resetBehind(): void {
    this.#entities.clear()
    this.#head = { ...this.#head, through: 0, entities: 0 }
  }

  ledger(sessionId: string, clientSeqs: readonly number[]): readonly LedgerAnswer[] {
    checkKeys(clientSeqs)
    return clientSeqs.map((clientSeq) => this.#ledger.answer(sessionId, clientSeq))
  }

  ledgerRuns(sessionId: string, fromClientSeq: number, countMax: number): readonly LedgerRun[] {
    return this.#ledger.runs(sessionId, fromClientSeq, countMax)
  }

  sessions(keys: readonly (string | number)[]): readonly (Stored<NumberedSession> | undefined)[] {
    checkKeys(keys)
    return keys.map((key) => {
      const id = typeof key === 'number' ? this.#sessionIds[key - 1] : key
      return stored(id === undefined ? undefined : this.#sessions.get(id))
    })
  }

  authors(ids: readonly string[]): readonly (Stored<AuthorText> | undefined)[] {
    checkKeys(ids)
    return ids.map((id) => stored(this.#authors.get(id)))
  }

  authorsOf(text: string, countMax: number): readonly Stored<AuthorText>[] {
    const ids = [...(this.#authorIds.get(text) ?? [])].toReversed().slice(0, countMax)
    return ids.map((authorId) => stored({ authorId, text }))
  }

  revocations(): readonly Stored<RevocationText>[] {
    return [...this.#revocations.values()].map((one) => stored(one))
  }

  rejection(msgId: string): Stored<RejectionText> | undefined {
    return stored(this.#rejections.get(msgId))
  }

  rejections(
    sessionId: string,
    fromClientSeq: number,
    countMax: number,
  ): readonly Stored<RejectionText>[] {
    return [...this.#rejections.values()]
      .filter((one) => one.sessionId === sessionId && one.clientSeq >= fromClientSeq)
      .toSorted((a, b) => a.clientSeq - b.clientSeq)
      .slice(0, countMax)
      .map((one) => stored(one))
  }

  rejectionsWith(part: string): readonly Stored<RejectionText>[] {
    return [...this.#rejections.values()]
      .filter(({ text }) => text.includes(part))
      .map((one) => stored(one))
  }

  forgetRejections(keep: number, countMax: number): number {
    const outdated = [...this.#rejections.keys()].slice(
      0,
      Math.max(0, Math.min(this.#rejections.size - keep, countMax)),
    )
    for (const msgId of outdated) this.#rejections.delete(msgId)
    return outdated.length
  }

  states(entities: readonly string[], bytesMax: Bytes): readonly (Stored<StateText> | undefined)[] {
    checkKeys(entities)
    const known = entities.map((entity) => this.#entities.get(entity)?.state)
    return known.slice(0, countWithin(known, bytesMax)).map((state) => stored(state))
  }

  changes(entity: string, beforeSeq: number, max: ReadLimit): readonly Stored<ChangeText>[] {
    const changes = this.#entities.get(entity)?.changes ?? []
    const before = changes.filter(({ seq }) => seq < beforeSeq).toReversed()
    const most = before.slice(0, max.count)
    return most.slice(0, countWithin(most, max.bytes)).map((change) => stored(change))
  }

  batches(afterSeq: number, bytesMax: Bytes): readonly Stored<BatchText>[] {
    const after = this.#batches.slice(this.#batchAt(afterSeq + 1))
    return after
      .slice(0, countWithin(after, bytesMax))
      .map(({ fromSeq, toSeq, text }) => stored({ fromSeq, toSeq, text }))
  }

  seals(seq: number): Stored<BatchText> | undefined {
    const batch = seq < 1 ? undefined : this.#batches[this.#batchAt(seq)]
    return batch && stored({ fromSeq: batch.fromSeq, toSeq: batch.toSeq, text: batch.seals })
  }

  /** Copies the list of states, not their texts. */
  scan(type?: string, keys?: StateKeyRange): ScanTables {
    const { through, entities } = this.#head
    const states = [...this.#entities.values()].filter(hasKey(keys)).map(({ state }) => state)
    const page: ScanTables['page'] = (after, bytesMax) => {
      const from = after === undefined ? 0 : Number(after)
      const rest = [...states.entries()]
        .slice(from)
        .filter(([, state]) => type === undefined || state.type === type)
      const given = rest.slice(
        0,
        countWithin(
          rest.map(([, state]) => state),
          bytesMax,
        ),
      )
      const last = given.at(-1)
      return {
        states: given.map(([, state]) => stored(state)),
        next: given.length < rest.length && last !== undefined ? String(last[0] + 1) : undefined,
      }
    }
    return { through, entities, page, close: () => {} }
  }

  claimMeta(key: string, value: string): string {
    if (!this.#meta.has(key)) this.#meta.set(key, value)
    return this.#meta.get(key)!
  }

  meta(key: string): string | undefined {
    return this.#meta.get(key)
  }

  #checkKnown(commit: Commit): void {
    const fresh = new Set(commit.sessions?.map(({ sessionId }) => sessionId))
    for (const { sessionId } of [...(commit.accepted ?? []), ...(commit.rejections ?? [])]) {
      assert(fresh.has(sessionId) || this.#sessions.has(sessionId), `unknown session ${sessionId}`)
    }
    const rejections = commit.rejections ?? []
    for (const [at, { msgId }] of rejections.entries()) {
      const twice = rejections.findIndex((one) => one.msgId === msgId) !== at
      assert(!twice && !this.#rejections.has(msgId), `message ${msgId} is rejected already`)
    }
    for (const { fromSeq } of commit.redacted?.batches ?? []) {
      const known = fromSeq <= commit.expect.seq && this.#batches[this.#batchAt(fromSeq)]
      assert(known && known.fromSeq === fromSeq, `no batch begins at seq ${fromSeq}`)
    }
    for (const { msgId } of commit.redacted?.rejections ?? []) {
      assert(this.#rejections.has(msgId), `no rejection of message ${msgId} is stored`)
    }
    for (const { key } of commit.redacted?.meta ?? [])
      assert(this.#meta.has(key), `no row of meta ${key} is stored`)
  }

  #putSession(sessionId: string, text: string): void {
    const known = this.#sessions.get(sessionId)
    const no = known?.no ?? this.#sessionIds.push(sessionId)
    this.#sessions.set(sessionId, { sessionId, no, text })
  }

  #putAuthor({ authorId, text }: AuthorText): void {
    if (this.#authors.has(authorId)) return
    this.#authors.set(authorId, { authorId, text })
    const ids = this.#authorIds.get(text) ?? new Set<string>()
    this.#authorIds.set(text, ids.add(authorId))
  }

  #redact({
    batches,
    rejections,
    meta = [],
  }: NonNullable<Commit['redacted']> = NO_REDACTION): void {
    for (const { fromSeq, text } of batches) {
      const at = this.#batchAt(fromSeq)
      this.#batches[at] = { ...this.#batches[at]!, text }
    }
    for (const { msgId, text } of rejections) {
      this.#rejections.set(msgId, { ...this.#rejections.get(msgId)!, text })
    }
    for (const { key, value } of meta) this.#meta.set(key, value)
  }

  #putChange(change: ChangeText): void {
    // States are written before their changes.
    const { changes } = this.#entities.get(change.entity)!
    let at = changes.length
    while (at > 0 && changes[at - 1]!.seq >= change.seq) at--
    changes.splice(at, changes[at]?.seq === change.seq ? 1 : 0, { ...change })
  }

  /** Index of the first batch that ends at a seq or later. */
  #batchAt(seq: number): number {
    let low = 0
    let high = this.#batches.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#batches[middle]!.toSeq >= seq) high = middle
      else low = middle + 1
    }
    return low
  }
}

function replace<K, V>(map: Map<K, V>, by: Iterable<readonly [K, V]>): void {
  map.clear()
  for (const [key, value] of by) map.set(key, value)
}

const NO_KEYS: StateKeys = { way: '', keys: [] }

/** Whether a state has one of the keys, or may have one. */
function hasKey(keys: StateKeyRange | undefined): (row: EntityRow) => boolean {
  if (!keys) return () => true
  const { way, from, to } = keys
  return ({ found }) => found.way !== way || found.keys.some((key) => key >= from && key < to)
}

const NO_REDACTION: NonNullable<Commit['redacted']> = { batches: [], rejections: [] }

function stored<T extends { readonly text: string }>(row: T): Stored<T>
function stored<T extends { readonly text: string }>(row: T | undefined): Stored<T> | undefined
function stored<T extends { readonly text: string }>(row: T | undefined): Stored<T> | undefined {
  return row && { ...row, text: ok(row.text) }
}

/** The number of rows that a read returns: at least one, and no more than `bytesMax` of text. */
function countWithin(
  rows: readonly ({ readonly text: string } | undefined)[],
  bytesMax: Bytes,
): number {
  let bytes = 0
  for (const [at, row] of rows.entries()) {
    bytes += row === undefined ? 0 : utf8Bytes(row.text)
    if (at > 0 && bytes > bytesMax) return at
  }
  return rows.length
}
