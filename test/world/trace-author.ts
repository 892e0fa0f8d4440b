/**
 * One session of a trace with a key of its own: writes its messages anew, as the wire has them. A
 * trace holds no keys and no salts, so ids are other ones; everything else is as it was.
 */
import {
  type Change,
  type Message,
  type SessionOpening,
  grantBytes,
  identify,
  leafHash,
  personalCommit,
  sealBytes,
  toBase64url,
  uuid4,
  whoamiId,
} from '@countersign/core/message'
import type { KeyPair, Signer } from '@countersign/core/ports'
import { bindFrame, offerFrame, packMessages } from '@countersign/core/protocol'
import { type SeededRandom, seenNothing } from '@countersign/core/testing'
import type { Ancestry } from '../model/ancestry.ts'
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
    const authorId = whoamiId(keys.publicKey)
    const sessionId = uuid4(random.bytes(16))
    const salt = toBase64url(random.bytes(16))
    const personalId = 'somebody of a trace'
    const commit = personalCommit(space, personalId, salt)
    const sig = await signer.sign(keys, grantBytes(space, authorId, { sessionId, commit }))
    const opening = { authorId, publicKey: keys.publicKey, sessionId, personalId, salt, sig }
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
    const clientSeq = ++this.#clientSeq
    const header = {
      v: 1,
      space: this.#parts.space,
      authorId,
      sessionId,
      clientSeq,
      seen: seenNothing(clientSeq),
      timestamp: record.timestamp,
      personalCommit: this.#session.commit,
      leaves: made.map(leafHash),
    } as const
    const message = { ...identify(header), header, changes: made }
    this.#parts.ancestry.note(message)
    return message
  }

  async offer(message: Message): Promise<string> {
    const { keys, opening } = this.#session
    const bytes = sealBytes(this.#parts.space, opening.authorId, [message.hash])
    const sig = await this.#parts.signer.sign(keys, bytes)
    return offerFrame(packMessages([message]), sig, keys.publicKey)
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
