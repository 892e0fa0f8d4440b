/**
 * Follows a space as the wire tells it: every accepted message with its changes, in canonical
 * order. What a trace's answers are compared with is then what the reviewer has, not what the
 * authors meant.
 */
import type { Message, SessionOpening } from '@countersign/core/message'
import type { Link } from '@countersign/core/ports'
import {
  bindFrame,
  helloFrame,
  parseReviewerFrame,
  readRun,
  wantFrame,
} from '@countersign/core/protocol'
import { socketIo } from '@countersign/transport-socketio'

export class Follower {
  /** In canonical order, the first at seq 1. */
  readonly messages: Message[] = []
  readonly #space: string
  readonly #opening: SessionOpening
  #link: Link | undefined
  #fault: Error | undefined
  #heard: () => void = () => {}

  /** `opening`: who follows; only a link that speaks for a session is told anything. */
  constructor(space: string, opening: SessionOpening) {
    this.#space = space
    this.#opening = opening
  }

  connect(url: string): void {
    this.#link = socketIo(url).connect({
      open: () => this.#link!.send(helloFrame(this.#space, null)),
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
    if (frame.value.kind === 'welcome') {
      this.#link!.send(bindFrame([this.#opening]))
      this.#link!.send(wantFrame(null))
    }
    if (frame.value.kind === 'bye') this.#fail(frame.value.reason)
    if (frame.value.kind === 'page') this.#fail('a snapshot came where the whole tail was meant')
    if (frame.value.kind !== 'tail') return
    for (const json of frame.value.runs) {
      const run = readRun(json, this.#space)
      if (!run.ok || run.value.body.kind !== 'messages') return this.#fail('a run is malformed')
      const gap = run.value.fromSeq - this.messages.length - 1
      if (gap > 0) return this.#fail(`${gap} messages are missing after ${this.messages.length}`)
      this.messages.push(...run.value.body.messages.slice(-gap))
    }
    this.#heard()
  }

  #fail(reason: string): void {
    this.#fault ??= new Error(`the follower: ${reason}`)
    this.#heard()
  }
}
