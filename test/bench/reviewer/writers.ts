/**
 * A process with many writers on raw links: they greet, prove a session, and update rows that no
 * other client has touched, without following the space, so that what is measured is the reviewer.
 * Says by IPC how fast they were. Arguments: url, the position in JSON, entities, writers, messages
 * of each.
 */
import { socketIo } from '@countersign/transport-socketio'
import {
  type Position,
  type Session,
  WIRE_VERSION,
  composeFlush,
  composeSession,
  grantBytes,
  bindBytes,
  personalCommit,
  sealBytes,
  textOfFlush,
  toBase64url,
  uuid4,
  whoamiId,
} from '@countersign/core/message'
import type { KeyPair } from '@countersign/core/ports'
import { authorFrame, parseReviewerFrame } from '@countersign/core/protocol'
import { installNodeSha256, nodeRandom, nodeSigner } from '@countersign/reviewer'
import { must } from '../figure.ts'
import { SPACE, prefixOf } from './fill.ts'
import { lastSeqOf, saltsFrom, updateOf } from './task.ts'

export interface Written {
  /** The first greeting until its welcome, and all of the writing, in ms. */
  readonly welcomeMs: number
  readonly writtenMs: number
}

const FLUSH_MESSAGES = 10
/** Flushes of a writer that wait for their verdicts. */
const IN_FLIGHT = 4

const signer = nodeSigner()
const random = nodeRandom()

class Writer {
  readonly #session: Session
  readonly #keys: KeyPair
  readonly #send: (frame: string) => void
  readonly #no: number
  readonly #seen: Position
  #accepted = 0
  #onAccepted: () => void = () => {}

  private constructor(
    no: number,
    { session, keys, send }: { session: Session; keys: KeyPair; send: (frame: string) => void },
  ) {
    this.#no = no
    this.#session = session
    this.#keys = keys
    this.#send = send
    this.#seen = JSON.parse(position) as Position
  }

  /** Resolves when the reviewer knows its session. */
  static async open(no: number): Promise<Writer> {
    const keys = await signer.generate()
    const { publicKey } = keys
    const authorId = whoamiId(publicKey)
    const sessionId = uuid4(random.bytes(16))
    const [personalId, salt] = [`writer ${no}`, toBase64url(random.bytes(16))]
    const commit = personalCommit(SPACE, personalId, salt)
    const sig = await signer.sign(keys, grantBytes(SPACE, authorId, { sessionId, commit }))
    const { eid } = JSON.parse(position) as Position
    const facts = { space: SPACE, authorId, sessionId, personalCommit: commit, eid }
    const session = composeSession(facts)
    return new Promise((resolve) => {
      const nonce = toBase64url(random.bytes(16))
      const link = socketIo(url).connect({
        open: () =>
          link.send(authorFrame('hello', { v: WIRE_VERSION, space: SPACE, nonce, position: null })),
        frame: (text) => {
          const parsed = parseReviewerFrame(text)
          if (!parsed.ok) end(parsed.error.message)
          else if (parsed.value.kind === 'welcome') {
            const proof = signer.sign(keys, bindBytes(SPACE, sessionId, parsed.value.nonce))
            const named = { authorId, publicKey, sessionId, personalId, salt, sig }
            void proof.then((made) =>
              link.send(
                authorFrame('bind', {
                  sessions: [{ ...named, proof: made }],
                  auth: null,
                  keeps: false,
                }),
              ),
            )
          } else if (parsed.value.kind === 'bound') resolve(writer)
          else if (parsed.value.kind === 'accepted') writer.#heard(parsed.value.reviews.length)
          else if (parsed.value.kind !== 'through') end(`writer ${no}: ${text.slice(0, 400)}`)
        },
        closed: (why) => end(`writer ${no}: ${why}`),
      })
      const writer = new Writer(no, { session, keys, send: (frame) => link.send(frame) })
    })
  }

  /** Updates entities of its own share, each once; resolves when all are accepted. */
  async write(): Promise<void> {
    const share = Math.floor(entities / writers)
    // A step that leads to every number of the share, far apart.
    const step = 7_919
    for (let sent = 0; sent < messages; sent += FLUSH_MESSAGES) {
      const flush = Array.from({ length: FLUSH_MESSAGES }, (_, i) => {
        return this.#no * share + (((sent + i) * step) % share)
      })
      await this.#offer(sent, flush)
      await this.#until(sent + FLUSH_MESSAGES - IN_FLIGHT * FLUSH_MESSAGES)
    }
    await this.#until(messages)
  }

  async #offer(sent: number, numbersOf: readonly number[]): Promise<void> {
    const { eid, seq, chain } = this.#seen
    const salts = saltsFrom((count) => random.bytes(count), numbersOf.length)
    const written = numbersOf.map((no, i) => ({
      clientSeq: sent + 1 + i,
      time: Date.now(),
      changes: [updateOf(no, sent + i, { canonical: [lastSeqOf(no)] })],
      salts: [salts[i]!],
    }))
    const seen = { seq, chain: prefixOf(chain), from: sent + 1, except: [], eid }
    const made = composeFlush(this.#session, { seen, messages: written })
    if (!made.ok) throw new Error(made.error.message)
    const sig = await signer.sign(this.#keys, sealBytes(made.value.hashes))
    const text = `${this.#session.line}\n${textOfFlush(made.value.text)}`
    this.#send(authorFrame('offer', { sig, rejections: null }, text))
  }

  async #until(count: number): Promise<void> {
    while (this.#accepted < count)
      await new Promise<void>((resolve) => void (this.#onAccepted = resolve))
  }

  #heard(count: number): void {
    this.#accepted += count
    must(this.#accepted <= messages, 'more was accepted than was written')
    this.#onAccepted()
  }
}

/** Whatever a writer does not expect makes the measure worthless. */
function end(why: string): never {
  process.stderr.write(`${why}\n`)
  process.exit(1)
}

const [url, position, ...numbers] = process.argv.slice(2) as [string, string, ...string[]]
const [entities, writers, messages] = numbers.map(Number) as [number, number, number]
installNodeSha256()
const startedAt = performance.now()
const open = [await Writer.open(0)]
const welcomeMs = performance.now() - startedAt
for (let no = 1; no < writers; no++) open.push(await Writer.open(no))
const from = performance.now()
await Promise.all(open.map((writer) => writer.write()))
process.send!({ welcomeMs, writtenMs: performance.now() - from } satisfies Written, () =>
  process.exit(0),
)
