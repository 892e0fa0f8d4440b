/**
 * One session of a trace with a key of its own: writes its messages anew, as the wire has them. A
 * trace holds no keys and no salts, so ids are other ones; everything else is as it was.
 */
import {
  type Change,
  type Message,
  type SessionOpening,
  toBase64url,
} from '@countersign/core/message'
import type { KeyPair, Signer } from '@countersign/core/ports'
import { bindFrame } from '@countersign/core/protocol'
import type { SeededRandom } from '@countersign/core/testing'
import type { Ancestry } from '../model/ancestry.ts'
import {
  commitOf,
  messageByHand,
  newOpening,
  sealedOffer,
  signedOpening,
} from '../model/by-hand.ts'
import type { PlannedChange, PlannedMessage } from './trace-plan.ts'

export interface AuthorParts {
  readonly space: string
  readonly signer: Signer
  readonly random: SeededRandom
  /** What was written anew before, by whomever. */
  readonly ancestry: Ancestry
}

interface Session {
  readonly keys: KeyPair
  readonly opening: SessionOpening
  readonly commit: string
}

export class TraceAuthor {
  readonly #parts: AuthorParts
  readonly #session: Session
  #clientSeq = 0

  static async make(parts: AuthorParts): Promise<TraceAuthor> {
    const { space, signer, random } = parts
    const keys = await signer.generate()
    const unsigned = newOpening(keys, 'somebody of a trace', random)
    const opening = await signedOpening({ space, signer, keys }, unsigned)
    const commit = commitOf(space, opening)
    return new TraceAuthor(parts, { keys, opening, commit })
  }

  private constructor(parts: AuthorParts, session: Session) {
    this.#parts = parts
    this.#session = session
  }

  /** What makes a reviewer listen to this session. */
  get bind(): string {
    return bindFrame([this.#session.opening])
  }

  /** The message with the session's next number, on parents of which `idOf` knows the new ids. */
  message({ record, changes }: PlannedMessage, idOf: (name: string) => string): Message {
    const made = changes.map((change) => this.#change(change, idOf))
    const { authorId, sessionId } = this.#session.opening
    const facts = {
      space: this.#parts.space,
      authorId,
      sessionId,
      clientSeq: ++this.#clientSeq,
      timestamp: record.timestamp,
      personalCommit: this.#session.commit,
    }
    const message = messageByHand(facts, made)
    this.#parts.ancestry.note(message)
    return message
  }

  offer(message: Message): Promise<string> {
    const { keys, opening } = this.#session
    return sealedOffer({ ...this.#parts, keys }, [message], opening.authorId)
  }

  #change(change: PlannedChange, idOf: (name: string) => string): Change {
    const ids = (names: readonly string[]): string[] => names.map(idOf).sort()
    const own = this.#parts.ancestry.spans(change.id, ids(change.parents))
    const keep = Object.entries(change.keep ?? {}).map(([reg, names]) => [reg, ids(names)] as const)
    return {
      meta: {
        type: change.type,
        entityId: change.id,
        kind: change.kind,
        // Rows are compared by what was written, and not by how a version reads it.
        schemaVersion: 1,
        parentCanonicalIds: ids(change.parents),
        ...(own && { own }),
        regs: change.regs,
        ...(change.keep && { keep: Object.fromEntries(keep) }),
      },
      values: change.values,
      salt: toBase64url(this.#parts.random.bytes(16)),
    }
  }
}
