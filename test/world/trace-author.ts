/**
 * One session of a trace with a key of its own: writes its messages again, in the form of the wire.
 * A trace holds no keys and no salts, so ids are other ones; everything else is as it was.
 */
import { type AuthoredMessage, type Session, type SessionOpening } from '@countersign/core/message'
import type { KeyPair, Signer } from '@countersign/core/ports'
import { authorFrame } from '@countersign/core/protocol'
import type { SeededRandom } from '@countersign/core/testing'
import type { Ancestry } from '../model/ancestry.ts'
import {
  type MessageByHand,
  changeByHand,
  messageByHand,
  newOpening,
  provedOpening,
  saltsFor,
  sealedOffer,
  seenByHand,
  sessionOf,
  signedOpening,
} from '../model/by-hand.ts'
import type { PlannedChange, PlannedMessage } from './trace-plan.ts'

export interface AuthorParts {
  readonly space: string
  readonly signer: Signer
  readonly random: SeededRandom
  /** The messages that were written again so far, by all authors. */
  readonly ancestry: Ancestry<AuthoredMessage>
}

interface Bound {
  readonly keys: KeyPair
  readonly opening: SessionOpening
  readonly session: Session
}

/** The rewritten messages, by name in the trace. */
type Named = (name: string) => AuthoredMessage

export class TraceAuthor {
  readonly #parts: AuthorParts
  readonly #bound: Bound
  #clientSeq = 0

  static async make(parts: AuthorParts): Promise<TraceAuthor> {
    const { space, signer, random } = parts
    const keys = await signer.generate()
    const unsigned = newOpening(keys, 'somebody of a trace', random)
    const opening = await signedOpening({ space, signer, keys }, unsigned)
    return new TraceAuthor(parts, { keys, opening, session: sessionOf(space, opening) })
  }

  private constructor(parts: AuthorParts, bound: Bound) {
    this.#parts = parts
    this.#bound = bound
  }

  /** The `bind` of this session, for a link with that nonce of the reviewer. */
  async bind(nonce: string): Promise<string> {
    const { space, signer } = this.#parts
    const { keys, opening } = this.#bound
    const proved = await provedOpening({ space, signer, keys }, opening, nonce)
    return authorFrame('bind', { sessions: [proved], auth: null, keeps: false })
  }

  /** The message with the session's next number, on parents of which `named` knows the new ones. */
  message({ record, changes }: PlannedMessage, named: Named): MessageByHand {
    const { session } = this.#bound
    const { ancestry, random } = this.#parts
    const seen = changes.map((change) => ancestry.seenBy(change.id, change.parents.map(named)))
    const made = changes.map((change, i) => this.#change(change, named, seen[i]!))
    const clientSeq = ++this.#clientSeq
    const message = messageByHand(session, {
      clientSeq,
      time: record.timestamp,
      changes: made,
      salts: saltsFor(made, (count) => random.bytes(count)),
      seen: seenByHand(
        session,
        clientSeq,
        seen.flatMap((each) => [...each]),
      ),
    })
    ancestry.note(message)
    return message
  }

  offer({ session, flush }: MessageByHand): Promise<string> {
    const { signer } = this.#parts
    return sealedOffer({ signer, keys: this.#bound.keys }, session, flush)
  }

  #change(
    { type, id, kind, regs, values, parents, keep }: PlannedChange,
    named: Named,
    seen: Iterable<AuthoredMessage>,
  ): ReturnType<typeof changeByHand> {
    const kept = Object.entries(keep ?? {}).map(([reg, names]) => [reg, names.map(named)] as const)
    return changeByHand(
      this.#bound.session.facts.sessionId,
      {
        type,
        entityId: id,
        kind,
        // Rows are compared by what was written, and not by how a version reads it.
        version: 1,
        set: Object.fromEntries(regs.map((reg, i) => [reg, values[i]!])),
        parents: parents.map(named),
        ...(keep && { keep: Object.fromEntries(kept) }),
      },
      seen,
    )
  }
}
