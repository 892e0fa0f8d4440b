/**
 * Follows a space as the wire tells it: every accepted message with its changes, in canonical
 * order. What a trace's answers are compared with is then what the reviewer has, not what the
 * authors meant. Hashes and chain are checked on the way, as a second implementation would.
 */
import { type AuthoredMessage, type Hash, WIRE_VERSION } from '@countersign/core/message'
import type { Link } from '@countersign/core/ports'
import {
  authorFrame,
  linesInParts,
  NO_CHAIN,
  parseReviewerFrame,
  type ProvedOpening,
  readBatch,
  type ReviewerFrame,
  spanOfBatch,
} from '@countersign/core/protocol'
import { socketIo } from '@countersign/transport-socketio'

export class Follower {
  /** In canonical order, the first at seq 1. */
  readonly messages: AuthoredMessage[] = []
  readonly #space: string
  readonly #proved: (nonce: string) => ProvedOpening
  #chain: Hash = NO_CHAIN
  #link: Link | undefined
  #fault: Error | undefined
  #heard: () => void = () => {}

  /** `proved`: who follows; only a link that speaks for a session is told anything. */
  constructor(space: string, proved: (nonce: string) => ProvedOpening) {
    this.#space = space
    this.#proved = proved
  }

  connect(url: string): void {
    const hello = { v: WIRE_VERSION, space: this.#space, nonce: 'follower', position: null }
    this.#link = socketIo(url).connect({
      open: () => this.#link!.send(authorFrame('hello', hello)),
      frame: (text) => this.#frame(text),
      closed: (reason) => this.#fail(`link lost: ${reason}`),
    })
  }

  /** Resolves when that many messages are here. */
  async reached(count: number, limitMs: number): Promise<void> {
    const timer = setTimeout(() => this.#fail(`nothing more than ${this.messages.length}`), limitMs)
    try {
      while (this.messages.length < count) {
        if (this.#fault) throw this.#fault
        await new Promise<void>((resolve) => (this.#heard = resolve))
      }
    } finally {
      clearTimeout(timer)
    }
  }

  close(): void {
    this.#link?.close()
  }

  #frame(text: string): void {
    const frame = parseReviewerFrame(text)
    if (!frame.ok) return this.#fail(`the reviewer sent a frame that is ${frame.error.message}`)
    const { kind } = frame.value
    if (kind === 'welcome') this.#welcome(frame.value)
    else if (kind === 'bye') this.#fail(frame.value.reason)
    else if (kind === 'page') this.#fail('a snapshot came where the whole tail was meant')
    else if (kind === 'tail') this.#tail(frame.value)
  }

  #welcome({ lineage, nonce }: ReviewerFrame & { kind: 'welcome' }): void {
    this.#chain = lineage.at(-1)!.chain
    this.#link!.send(
      authorFrame('bind', { sessions: [this.#proved(nonce)], auth: null, keeps: false }),
    )
    this.#link!.send(authorFrame('want', { have: null, pages: null }))
  }

  #tail({ texts, batches, position }: ReviewerFrame & { kind: 'tail' }): void {
    const parts = linesInParts(texts, batches)
    if (!parts) return this.#fail('a tail is not of its lines')
    for (const part of parts) {
      const span = spanOfBatch(part)
      if (span.ok && span.value.throughSeq <= this.messages.length) continue
      const read = readBatch(part, {
        space: this.#space,
        before: { seq: this.messages.length, chain: this.#chain },
        sessions: [],
        own: () => undefined,
      })
      if (!read.ok) return this.#fail(`a batch is malformed: ${read.error.message}`)
      for (const { id, hash, session, seen, message } of read.value.accepted)
        this.messages.push({ ...message!, id, hash, session, seen })
      this.#chain = read.value.chain
    }
    if (position && (position.seq !== this.messages.length || position.chain !== this.#chain))
      this.#fail(`the chain at ${this.messages.length} is not that of the position`)
    this.#heard()
  }

  #fail(reason: string): void {
    this.#fault ??= new Error(`the follower: ${reason}`)
    this.#heard()
  }
}
