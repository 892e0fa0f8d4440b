/**
 * A person who writes more than the quota: over several sessions at once, each with a key and a link of
 * its own, so that a count by session, by author or by link would be too low. Nacked messages are not
 * offered again.
 */
import {
  EntityIds,
  LIMITS,
  type Message,
  type Session,
  type SessionOpening,
  WIRE_VERSION,
} from '@countersign/core/message'
import { authorFrame, cutFrame, parseReviewerFrame } from '@countersign/core/protocol'
import type { Link } from '@countersign/core/ports'
import { ProcessClock, SeededRandom, simSigner } from '@countersign/core/testing'
import {
  type SignerByHand,
  flushOf,
  newOpening,
  provedOpening,
  saltsFor,
  sealedOffer,
  sessionOf,
  signedOpening,
} from '../model/by-hand.ts'
import { Task } from './entities.ts'
import { FLOODER, FLUSH_MESSAGES } from './flood.ts'
import type { Stage } from './stage.ts'
import { nothing } from './telling.ts'
import { SPACE } from './truth.ts'

const SESSIONS = 4
const FLUSHES = 4
const LINK_MS = 8_000

interface FloodSession {
  readonly by: SignerByHand
  readonly opening: SessionOpening
  readonly session: Session
  readonly ids: EntityIds
  clientSeq: number
}

export class Flooder {
  readonly #stage: Stage
  readonly #bytes: SeededRandom
  readonly #process: ProcessClock
  readonly #sessions: readonly FloodSession[]

  static async make(stage: Stage): Promise<Flooder> {
    const bytes = new SeededRandom(stage.plan.seed + 2 ** 52 + 2 ** 40)
    const sessions = Array.from({ length: SESSIONS }, () => flooding(bytes))
    return new Flooder(stage, bytes, await Promise.all(sessions))
  }

  private constructor(stage: Stage, bytes: SeededRandom, sessions: readonly FloodSession[]) {
    this.#stage = stage
    this.#bytes = bytes
    this.#sessions = sessions
    this.#process = new ProcessClock(stage.clock)
    for (const { opening } of sessions) {
      stage.truth.deviceOf.set(opening.sessionId, FLOODER)
      stage.logins?.noteAuthor(opening.authorId, opening.personalId)
    }
  }

  act(): boolean {
    this.#stage.note(FLOODER, () => 'floods')
    for (const session of this.#sessions) this.#flood(session)
    return true
  }

  #flood(from: FloodSession): void {
    const { wire, tally, logins } = this.#stage
    const { by, opening } = from
    let isBinding = false
    const link: Link = wire.transport(FLOODER, this.#process).connect({
      open: () =>
        link.send(
          authorFrame('hello', { v: WIRE_VERSION, space: SPACE, nonce: FLOODER, position: null }),
        ),
      frame: (text) => {
        const heard = parseReviewerFrame(text)
        if (!heard.ok) return
        const frame = heard.value
        if (frame.kind === 'nack' && frame.reason === 'rate_limited') tally.hit('flood is nacked')
        if (frame.kind === 'welcome' && !isBinding) {
          isBinding = true
          const auth = logins?.tokenOf(opening.personalId) ?? null
          void provedOpening(by, opening, frame.nonce).then((proved) =>
            link.send(authorFrame('bind', { sessions: [proved], auth, keeps: false })),
          )
        }
        if (frame.kind === 'bound' && frame.sessionIds.length > 0) void this.#offer(link, from)
      },
      closed: () => {},
    })
    this.#process.after(LINK_MS, () => link.close())
  }

  async #offer(link: Link, from: FloodSession): Promise<void> {
    const { flushMessagesMax = LIMITS.flushMessagesMax, frameBytesMax } = this.#stage.plan.bounds
    const length = Math.min(FLUSH_MESSAGES, flushMessagesMax)
    for (let flushes = 0; flushes < FLUSHES; flushes++) {
      const messages = Array.from({ length }, () => this.#creation(from))
      const { session, by } = from
      const flush = flushOf(session, nothing(messages[0]!.clientSeq), messages)
      const frame = await sealedOffer(by, session, flush)
      for (const part of cutFrame(frame, frameBytesMax)) link.send(part)
    }
  }

  #creation(from: FloodSession): Message {
    const change = {
      shape: {
        type: Task.name,
        kind: 'create',
        schemaVersion: 1,
        regs: ['done', 'points', 'title'],
      },
      entityId: from.ids.next(),
      parents: { canonical: [], own: [], others: [] },
      values: [false, 0, 'a flood'],
    } as const
    const salts = saltsFor([change], (count) => this.#bytes.bytes(count))
    return { clientSeq: ++from.clientSeq, time: this.#process.now(), changes: [change], salts }
  }
}

async function flooding(bytes: SeededRandom): Promise<FloodSession> {
  const signer = simSigner({ random: bytes })
  const by = { space: SPACE, signer, keys: await signer.generate() }
  const opening = await signedOpening(by, newOpening(by.keys, `person ${FLOODER}`, bytes))
  const session = sessionOf(SPACE, opening)
  const ids = new EntityIds(SPACE, opening.authorId, opening.sessionId)
  return { by, opening, session, ids, clientSeq: 0 }
}
