/**
 * Checks the records of a space beside its log: the ledger against the log, sessions, rejections and
 * their signatures, persons, and the proofs that an author has signed two messages with one number.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { Limits } from '../../facts/limits.ts'
import type { Rejection } from '../../facts/message.ts'
import type { Signer } from '../../ports/signer.ts'
import {
  STORE_KEYS_MAX,
  type LedgerRun,
  type NumberedSession,
  type RejectionText,
  type SpaceHead,
  type SpaceStore,
  type Stored,
} from '../../ports/space-store.ts'
import type { SessionRecord } from '../../review/ledger.ts'
import { rejectionBytes } from '../../wire/signed.ts'
import type { Batch } from '../../wire/types.ts'
import { evidenceKey } from '../evidence.ts'
import type { Genesis } from '../open.ts'
import { type Faults, jsonIn } from './faults.ts'
import { type ChainCheck, sessionIn } from './chain-check.ts'

export interface RecordCheckParts {
  readonly store: SpaceStore
  readonly head: SpaceHead
  readonly signer: Signer
  readonly genesis: Genesis
  readonly limits: Limits
  readonly faults: Faults
}

export interface RecordCounts {
  readonly sessions: number
  readonly rejections: number
  readonly persons: number
}

/** Records read in one call. */
const READ_MAX = 1_000

/** Reads the records of sessions; undefined for one that is missing or damaged. */
export function recordsOf(
  store: SpaceStore,
): (ids: readonly Uuid[]) => Promise<readonly (SessionRecord | undefined)[]> {
  return async (ids) => {
    const stored = await store.sessions(ids)
    return stored.map((one, i) => {
      const record = one?.text.ok ? sessionIn(one.text.value, ids[i]!) : undefined
      return record?.ok ? record.value : undefined
    })
  }
}

export class RecordCheck {
  readonly #parts: RecordCheckParts
  readonly #authors = new Set<Uuid>()
  #rejections = 0
  #persons = 0

  constructor(parts: RecordCheckParts) {
    this.#parts = parts
  }

  /** The ledger has each message of a batch, as accepted at its seq. */
  async ledgerOf({ accepted }: Batch): Promise<void> {
    const { store, faults } = this.#parts
    const bySession = Map.groupBy(accepted, ({ session }) => session.facts.sessionId)
    for (const [id, messages] of bySession) {
      // The stored text has every line.
      const numbers = messages.map(({ message }) => message!.clientSeq)
      const place = `the ledger of session ${id}`
      const answers = await faults.read(place, () => store.ledger(id, numbers))
      for (const [i, answer] of (answers ?? []).entries()) {
        const { seq } = messages[i]!
        if (answer.kind === 'damaged') faults.add(place, answer.what)
        else if (answer.kind !== 'accepted' || answer.seq !== seq)
          faults.add(
            place,
            `clientSeq ${numbers[i]} is ${wordOf(answer)}, and the log has it at seq ${seq}`,
          )
      }
    }
  }

  /** Checks all that is beside the log, after the log. */
  async check(chain: ChainCheck): Promise<RecordCounts> {
    const { store, head, faults } = this.#parts
    for (let from = 1; from <= head.sessions; from += READ_MAX) {
      const count = Math.min(READ_MAX, head.sessions + 1 - from)
      const numbers = Array.from({ length: count }, (_, i) => from + i)
      const found = await faults.read('the sessions', () => store.sessions(numbers))
      for (const [i, stored] of (found ?? []).entries()) {
        if (!stored) faults.add(`session ${numbers[i]}`, 'it is missing')
        else await this.#session(stored, chain)
      }
    }
    await this.#checkPersons()
    await this.#checkProofs()
    return { sessions: head.sessions, rejections: this.#rejections, persons: this.#persons }
  }

  async #session(stored: Stored<NumberedSession>, chain: ChainCheck): Promise<void> {
    const { faults } = this.#parts
    const { no, sessionId } = stored
    const place = `session ${no} (${sessionId})`
    const text = faults.text(stored, place)
    const record = text === undefined ? undefined : sessionIn(text, sessionId)
    if (record && !record.ok) faults.add(place, record.error.message)
    if (record?.ok) this.#authors.add(record.value.authorId)
    const refused = await this.#runs(sessionId, chain)
    if (refused) await this.#rejectionsOf(sessionId, refused)
  }

  /** Compares the runs of a session with the log. Returns those of refused numbers. */
  async #runs(sessionId: Uuid, chain: ChainCheck): Promise<readonly LedgerRun[] | undefined> {
    const { store, head, faults } = this.#parts
    const place = `the ledger of session ${sessionId}`
    const refused: LedgerRun[] = []
    let accepted = 0
    for (let from = 1; ;) {
      const runs = await faults.read(place, () => store.ledgerRuns(sessionId, from, STORE_KEYS_MAX))
      if (!runs) return undefined
      const last = runs.at(-1)
      if (!last) break
      for (const run of runs) {
        if (run.seq === 0) refused.push(run)
        // A reviewer may commit more meanwhile.
        else accepted += Math.max(0, Math.min(run.count, head.seq + 1 - run.seq))
      }
      from = last.clientSeq + last.count
    }
    const logged = chain.accepted.get(sessionId) ?? 0
    if (chain.isWhole && accepted !== logged)
      faults.add(place, `it has ${accepted} accepted messages, and the log has ${logged}`)
    return refused
  }

  async #rejectionsOf(sessionId: Uuid, refused: readonly LedgerRun[]): Promise<void> {
    const { store, faults } = this.#parts
    for (let from = 1; ;) {
      const found = await faults.read(`the rejections of session ${sessionId}`, () =>
        store.rejections(sessionId, from, READ_MAX),
      )
      const last = found?.at(-1)
      if (!found || !last) return
      for (const stored of found) await this.#rejection(stored, refused)
      from = last.clientSeq + 1
    }
  }

  async #rejection(stored: Stored<RejectionText>, refused: readonly LedgerRun[]): Promise<void> {
    const { store, faults } = this.#parts
    const { msgId, clientSeq } = stored
    const place = `the rejection of message ${msgId}`
    this.#rejections++
    const text = faults.text(stored, place)
    if (text === undefined) return
    const fault = await rejectionFault(text, msgId, this.#parts)
    if (fault !== undefined) faults.add(place, fault)
    const isRefused = refused.some(
      (run) => run.clientSeq <= clientSeq && clientSeq < run.clientSeq + run.count,
    )
    // A reviewer may have refused it since the runs were read.
    const answers = isRefused ? undefined : await store.ledger(stored.sessionId, [clientSeq])
    if (answers?.[0] && answers[0].kind !== 'refused')
      faults.add(place, `the ledger does not say that clientSeq ${clientSeq} was refused`)
  }

  async #checkPersons(): Promise<void> {
    const { store, faults } = this.#parts
    const ids = [...this.#authors]
    for (let from = 0; from < ids.length; from += READ_MAX) {
      const asked = ids.slice(from, from + READ_MAX)
      const found = await faults.read('the persons', () => store.authors(asked))
      for (const stored of found ?? [])
        if (stored && faults.text(stored, `the person of author ${stored.authorId}`) !== undefined)
          this.#persons++
    }
  }

  async #checkProofs(): Promise<void> {
    const { store, limits, faults } = this.#parts
    for (let no = 1; no <= limits.evidenceMax; no++) {
      const place = `the proof ${evidenceKey(no)}`
      const text = await faults.read(place, () => store.meta(evidenceKey(no)))
      if (text === undefined) continue
      if (typeof jsonIn(text) !== 'object') faults.add(place, 'it is not a proof')
    }
  }
}

/** Why a text is not the rejection of that message, signed by the reviewer; undefined where it is. */
export async function rejectionFault(
  text: string,
  msgId: string,
  { genesis, signer }: { readonly genesis: Genesis; readonly signer: Signer },
): Promise<string | undefined> {
  const rejection = jsonIn(text) as Rejection | null | undefined
  if (!rejection || typeof rejection !== 'object' || typeof rejection.sig !== 'string')
    return 'it is not a rejection'
  if (rejection.msgId !== msgId) return `it is of message ${String(rejection.msgId)}`
  const isSigned = await signer.verify(
    genesis.reviewerKey,
    rejectionBytes(rejection),
    rejection.sig,
  )
  return isSigned ? undefined : 'it is not signed by the reviewer'
}

function wordOf(answer: { readonly kind: string; readonly seq?: number }): string {
  if (answer.kind === 'unknown') return 'not in it'
  return answer.kind === 'refused' ? 'refused' : `accepted at seq ${answer.seq}`
}
