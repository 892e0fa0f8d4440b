/**
 * Keeps evidence that an author has signed two messages with one number, for the operator: the
 * later flush with its seal, and the seq of the accepted one. Once a session, and not more than
 * `evidenceMax`.
 */
import type { Uuid } from '../base/uuid.ts'
import type { Hash } from '../base/hash.ts'
import { shortId } from '../facts/ids.ts'
import type { Limits } from '../facts/limits.ts'
import type { SpaceStore } from '../ports/space-store.ts'
import type { Equivocation } from '../review/equivocation.ts'

/** A second message with a number that was accepted before. */
export interface EquivocationProof {
  readonly authorId: Uuid
  readonly sessionId: Uuid
  readonly clientSeq: number
  /** The message with that number that was accepted: it is in the batch with this seq. */
  readonly acceptedSeq: number
  /** The other one. */
  readonly msgId: Uuid
  /** The signature of the key over the hashes, of which the head's binds the session line. */
  readonly publicKey: string
  readonly seal: string
  readonly hashes: readonly Hash[]
  /**
   * Session line, head line and lines of its flush; without the lines where they are too long, or name a
   * row whose values were erased.
   */
  readonly texts: readonly string[]
}

const TEXT_BYTES_MAX = 65_536
/** Session line and head line. */
const TEXTS_WITHOUT_LINES = 2

export interface EvidenceParts {
  readonly store: SpaceStore
  readonly limits: Pick<Limits, 'evidenceMax'>
  readonly onKept: (proof: EquivocationProof) => void
  readonly onError: (error: unknown) => void
}

export class Evidence {
  readonly #parts: EvidenceParts
  /** Sessions with stored evidence; undefined before it was read. */
  #sessions: Set<Uuid> | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(parts: EvidenceParts) {
    this.#parts = parts
  }

  /** Stores new evidence, in a later turn. */
  keep(found: readonly Equivocation[]): void {
    if (found.length === 0) return
    this.#writing = this.#writing
      .then(() => this.#keep(found.map(proofOf)))
      .catch(this.#parts.onError)
  }

  /** All stored evidence, the oldest first. */
  async all(): Promise<readonly EquivocationProof[]> {
    await this.#writing
    return this.#stored()
  }

  /** What is kept of flushes that name an entity, without their lines, to replace it. */
  async without(
    entityId: Uuid,
  ): Promise<readonly { readonly key: string; readonly value: string }[]> {
    const name = shortId(entityId)
    return (await this.all()).flatMap((proof, i) => {
      const texts = proof.texts.slice(0, TEXTS_WITHOUT_LINES)
      const isNamed = proof.texts.slice(texts.length).some((line) => line.includes(name))
      return isNamed
        ? [{ key: evidenceKey(i + 1), value: JSON.stringify({ ...proof, texts }) }]
        : []
    })
  }

  /** Resolves when all evidence so far is stored. */
  written(): Promise<void> {
    return this.#writing
  }

  async #stored(): Promise<readonly EquivocationProof[]> {
    const proofs: EquivocationProof[] = []
    for (let no = 1; no <= this.#parts.limits.evidenceMax; no++) {
      const text = await this.#parts.store.meta(evidenceKey(no))
      if (text === undefined) break
      proofs.push(JSON.parse(text) as EquivocationProof)
    }
    return proofs
  }

  async #keep(proofs: readonly EquivocationProof[]): Promise<void> {
    const { store, limits, onKept } = this.#parts
    this.#sessions ??= new Set((await this.#stored()).map(({ sessionId }) => sessionId))
    for (const proof of proofs) {
      const { sessionId } = proof
      if (this.#sessions.has(sessionId) || this.#sessions.size >= limits.evidenceMax) continue
      const text = JSON.stringify(proof)
      let no = this.#sessions.size + 1
      // Another process may have kept something meanwhile.
      while (no <= limits.evidenceMax && (await store.claimMeta(evidenceKey(no), text)) !== text)
        no++
      this.#sessions.add(sessionId)
      onKept(proof)
    }
  }
}

/** The key in `meta` of the proof with that number, from 1. */
export function evidenceKey(no: number): string {
  return `equivocation ${no}`
}

function proofOf({
  session,
  flush,
  record,
  sig,
  message,
  acceptedSeq,
}: Equivocation): EquivocationProof {
  const { head, lines } = flush.text
  const isShort = flush.bytes <= TEXT_BYTES_MAX
  return {
    authorId: record.authorId,
    sessionId: record.sessionId,
    clientSeq: message.clientSeq,
    acceptedSeq,
    msgId: message.id,
    publicKey: record.publicKey,
    seal: sig,
    hashes: [flush.hashes.head, ...flush.hashes.lines],
    texts: [session.line, head, ...(isShort ? lines : [])],
  }
}
