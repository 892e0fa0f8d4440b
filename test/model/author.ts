/**
 * One author at message level: a key, a session, a link, and messages with the parents that a
 * trace names. Goes past the store on purpose, which would choose parents by itself; uses the
 * doors core/message and core/protocol, as a second implementation would. Everything it draws
 * comes from a seed, so that ids are the same in every run: never do that with a real key.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import {
  type Change,
  grantBytes,
  type Json,
  type Message,
  personalCommit,
  sealBytes,
  type SessionOpening,
  toBase64url,
  uuid4,
  whoamiId,
} from '@countersign/core/message'
import type { Link } from '@countersign/core/ports'
import {
  bindFrame,
  helloFrame,
  offerFrame,
  packMessages,
  parseReviewerFrame,
  type ReviewerFrame,
} from '@countersign/core/protocol'
import { socketIo } from '@countersign/transport-socketio'
import type { Ancestry } from './ancestry.ts'
import { messageByHand } from './by-hand.ts'
import { Manifest } from './manifest.ts'
import { UNSET } from './oracle.ts'
import type { Random } from './random.ts'
import type { TraceMessage } from './trace.ts'

/** What is heard of an author's own messages. */
export interface AuthorEvents {
  accepted(clientSeq: number): void
  rejected(id: string, reason: string): void
  /** No verdict: offer again later. */
  nacked(clientSeq: number, reason: string): void
  /** The link has ended; nothing more will be heard. */
  lost(reason: string): void
}

/** Names of the trace as the wire knows them. */
export interface Names {
  /** The uuid of a row. */
  readonly row: (name: string) => string
  /** The id of a message that was made before. */
  readonly message: (name: string) => string
  /** What was made before, by whomever. */
  readonly ancestry: Ancestry
}

/** DER of a PKCS #8 Ed25519 key, up to its 32 secret bytes. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')

export class Author {
  readonly #space: string
  readonly #random: Random
  readonly #key: KeyObject
  readonly #publicKey: string
  readonly #opening: SessionOpening
  readonly #commit: string
  #clientSeq = 0
  #link: Link | undefined

  constructor(space: string, personalId: string, random: Random) {
    this.#space = space
    this.#random = random
    const der = Buffer.concat([PKCS8_HEAD, bytesOf(random, 32)])
    this.#key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    this.#publicKey = createPublicKey(this.#key).export({ format: 'jwk' }).x!
    const authorId = whoamiId(this.#publicKey)
    const sessionId = uuid4(bytesOf(random, 16))
    const salt = toBase64url(bytesOf(random, 16))
    this.#commit = personalCommit(space, personalId, salt)
    const grant = grantBytes(space, authorId, { sessionId, commit: this.#commit })
    const publicKey = this.#publicKey
    this.#opening = { authorId, publicKey, sessionId, personalId, salt, sig: this.#sign(grant) }
  }

  /** What proves its session. */
  get opening(): SessionOpening {
    return this.#opening
  }

  /** The message with the author's next number. A `resolve` of a trace was never compare-and-set. */
  message({ timestamp, changes }: TraceMessage, names: Names): Message {
    const made = changes.map(({ entity, kind, parents, set, keep }): Change => {
      const regs = Object.keys(set).sort()
      const ids = (list: readonly string[]): string[] => list.map(names.message).sort()
      const kept = Object.entries(keep ?? {}).map(([reg, list]) => [reg, ids(list)])
      const own = names.ancestry.spans(names.row(entity), ids(parents))
      return {
        meta: {
          type: Manifest.name,
          entityId: names.row(entity),
          kind: kind === 'create' ? 'create' : 'update',
          schemaVersion: 1,
          parentCanonicalIds: ids(parents),
          ...(own && { own }),
          regs,
          ...(keep && { keep: Object.fromEntries(kept) as Record<string, string[]> }),
        },
        values: regs.map((reg) => (set[reg] === UNSET ? { $unset: true } : (set[reg] as Json))),
        salt: toBase64url(bytesOf(this.#random, 16)),
      }
    })
    const facts = {
      space: this.#space,
      authorId: this.#opening.authorId,
      sessionId: this.#opening.sessionId,
      clientSeq: ++this.#clientSeq,
      timestamp,
      personalCommit: this.#commit,
    }
    const message = messageByHand(facts, made)
    names.ancestry.note(message)
    return message
  }

  /** Resolves when the reviewer knows the session. */
  async connect(url: string, events: AuthorEvents): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const lost = (reason: string): void => {
        reject(new Error(`link lost: ${reason}`))
        events.lost(reason)
      }
      this.#link = socketIo(url).connect({
        open: () => this.#link!.send(helloFrame(this.#space, null)),
        frame: (text) => {
          const parsed = parseReviewerFrame(text)
          if (!parsed.ok) lost(`the reviewer sent a frame that is ${parsed.error.message}`)
          else this.#heard(parsed.value, events, resolve, lost)
        },
        closed: lost,
      })
    })
  }

  /** One flush: one signature over all of them. */
  offer(messages: readonly Message[]): void {
    const hashes = messages.map(({ hash }) => hash)
    const sig = this.#sign(sealBytes(this.#space, this.#opening.authorId, hashes))
    this.#link!.send(offerFrame(packMessages(messages), sig, this.#publicKey))
  }

  close(): void {
    this.#link?.close()
  }

  #heard(
    frame: ReviewerFrame,
    events: AuthorEvents,
    bound: () => void,
    lost: (reason: string) => void,
  ): void {
    if (frame.kind === 'welcome') this.#link!.send(bindFrame([this.#opening]))
    else if (frame.kind === 'bound') bound()
    else if (frame.kind === 'accepted') frame.reviews.forEach(([seq]) => events.accepted(seq))
    else if (frame.kind === 'nack')
      frame.clientSeqs.forEach((seq) => events.nacked(seq, frame.reason))
    else if (frame.kind === 'rejected') {
      for (const { msgId, reason, detail } of frame.rejections) {
        events.rejected(msgId, detail === undefined ? reason : `${reason}: ${detail}`)
      }
    } else if (frame.kind === 'bye') lost(frame.reason)
  }

  #sign(bytes: Uint8Array): string {
    return sign(null, bytes, this.#key).toString('base64url')
  }
}

export function bytesOf(random: Random, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => random.below(256))
}
