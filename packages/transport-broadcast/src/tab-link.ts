/**
 * One end of a link between two tabs, on a channel that only the two use. Both ends are the same.
 *
 *   open ──bye, the other tab gone, silence, unread bytes or a frame over the bound──▶ ended, once
 *
 * BroadcastChannel reports neither a closed tab nor how much was read. So each end watches the
 * other tab's lock, sends a heartbeat, reports how many bytes it has read, and sends bye. Notes are
 * short texts beside the frames.
 */
import { type Bytes, FRAME_BYTES_MAX, isLongerThan, utf8Bytes } from '@countersign/core/ports'
import type { Channel, OpenChannel } from '@countersign/core/ports'
import { onceFree } from './tab-life.ts'

/** Bytes after which an end reports how much it has read. */
const READ_BYTES = 32_768
/** Time until bytes that wait beyond this end are reported, ms. */
const WAITING_MS = 50
/** Maximum bytes that the other end has not read; above it the link ends. */
const UNREAD_BYTES_MAX = 16 * 1024 * 1024

type Word =
  | readonly ['accept']
  | readonly ['frame', text: string]
  | readonly ['note', text: string]
  | readonly ['read', bytes: number]
  | readonly ['beat']
  | readonly ['bye', reason: string]

/** What happens to a link at one end. */
export interface TabLinkEvents {
  /** The other end has accepted the link. */
  accepted(): void
  frame(text: string): void
  noted?(note: string): void
  /** Received bytes that this end has passed on, and that still wait there: they are not read yet. */
  waitingBytes?(): number
  /** The link has ended, not by this end. */
  ended(reason: string): void
}

export interface TabLinkOptions {
  readonly open: OpenChannel
  /** The name of the channel: one for each link. */
  readonly name: string
  /** The lock that the other tab holds. */
  readonly lock: string
  readonly silentMs: number
  readonly events: TabLinkEvents
}

export class TabLink {
  readonly #events: TabLinkEvents
  readonly #channel: Channel
  readonly #silentMs: number
  readonly #beating: ReturnType<typeof setInterval>
  readonly #unwatch: () => void
  #isOver = false
  #sentBytes = 0
  /** Sent bytes that the other end has read. */
  #readBytes = 0
  #receivedBytes = 0
  /** Received bytes that were reported to the other end as read. */
  #toldBytes = 0
  #telling: ReturnType<typeof setTimeout> | undefined
  #heardAtMs: number = performance.now()

  constructor({ open, name, lock, silentMs, events }: TabLinkOptions) {
    this.#events = events
    this.#silentMs = silentMs
    this.#channel = open(name, (message) => this.#heard(message as Word))
    this.#beating = setInterval(() => this.#beat(), silentMs / 3)
    this.#unwatch = onceFree(lock, () => this.#fail('the other tab is gone'))
  }

  /** Sent bytes that the other end has not reported as read. */
  get bufferedBytes(): Bytes | 0 {
    const unread = this.#sentBytes - this.#readBytes
    return unread < READ_BYTES ? 0 : (unread as Bytes)
  }

  accept(): void {
    this.#post(['accept'])
  }

  send(text: string): void {
    if (this.#isOver) return
    if (isLongerThan(text, FRAME_BYTES_MAX)) {
      queueMicrotask(() => this.#fail(`a frame to send exceeds ${FRAME_BYTES_MAX} bytes`))
      return
    }
    this.#sentBytes += utf8Bytes(text)
    this.#post(['frame', text])
    if (this.bufferedBytes > UNREAD_BYTES_MAX)
      queueMicrotask(() => this.#fail(`too slow: ${this.bufferedBytes} bytes are unread`))
  }

  note(text: string): void {
    if (!this.#isOver) this.#post(['note', text])
  }

  /** Ends the link: no event follows at this end, and the other one gets the reason. Idempotent. */
  close(reason: string): void {
    if (this.#isOver) return
    this.#post(['bye', reason])
    this.#stop()
  }

  #heard(word: Word): void {
    if (this.#isOver) return
    this.#heardAtMs = performance.now()
    if (word[0] === 'frame') this.#frame(word[1])
    else if (word[0] === 'note') this.#events.noted?.(word[1])
    else if (word[0] === 'accept') this.#events.accepted()
    else if (word[0] === 'read') this.#readBytes = word[1]
    else if (word[0] === 'bye') this.#end(word[1])
  }

  #frame(text: string): void {
    if (isLongerThan(text, FRAME_BYTES_MAX)) {
      this.#fail(`a frame received exceeds ${FRAME_BYTES_MAX} bytes`)
      return
    }
    this.#receivedBytes += utf8Bytes(text)
    this.#events.frame(text)
    this.#tell()
  }

  /** Reports what was read: later, while much of it waits beyond this end. */
  #tell(): void {
    if (this.#isOver || this.#telling !== undefined) return
    const waitingBytes = this.#events.waitingBytes?.() ?? 0
    const readBytes = this.#receivedBytes - waitingBytes
    if (readBytes - this.#toldBytes >= READ_BYTES) {
      this.#toldBytes = readBytes
      this.#post(['read', readBytes])
    }
    if (waitingBytes < READ_BYTES) return
    this.#telling = setTimeout(() => {
      this.#telling = undefined
      this.#tell()
    }, WAITING_MS)
  }

  #beat(): void {
    if (performance.now() - this.#heardAtMs > this.#silentMs)
      this.#fail(`silent: no word in ${this.#silentMs} ms`)
    else this.#post(['beat'])
  }

  /** Ends the link at both ends. */
  #fail(reason: string): void {
    if (this.#isOver) return
    this.#post(['bye', reason])
    this.#end(reason)
  }

  #end(reason: string): void {
    this.#stop()
    this.#events.ended(reason)
  }

  #stop(): void {
    this.#isOver = true
    clearInterval(this.#beating)
    clearTimeout(this.#telling)
    this.#unwatch()
    this.#channel.close()
  }

  #post(word: Word): void {
    this.#channel.post(word)
  }
}
