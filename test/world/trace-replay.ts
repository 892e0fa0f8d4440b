/**
 * Replays the trace of a panel: its messages go, in the order of their reviews, through a reviewer
 * and on to two stores, one that follows from the start and one that joins at the end. All of it is
 * core's own code. Then each row must have the same heads and live writes as in the store from which the
 * trace was saved.
 */
import {
  type Entity,
  type SyncStore,
  createSyncStore,
  defaultPlatform,
  eachKey,
  entity,
} from '@countersign/core'
import { type StateRecord, inspect, stateDigest } from '@countersign/core/inspect'
import { type AuthoredMessage, WIRE_VERSION } from '@countersign/core/message'
import { authorFrame, parseReviewerFrame } from '@countersign/core/protocol'
import { type Reviewer, createReviewer } from '@countersign/core/reviewer'
import { memorySpaces } from '@countersign/core/ports'
import { SeededRandom, simSigner } from '@countersign/core/testing'
import type { Trace } from '@countersign/devtools/panel'
import { z } from 'zod'
import { wireTo } from '../scenario/wire.ts'
import { Ancestry } from '../model/ancestry.ts'
import { type AuthorParts, TraceAuthor } from './trace-author.ts'
import { type PlannedMessage, planOf, rowKey } from './trace-plan.ts'

export interface TraceReplay {
  readonly messages: number
  readonly accepted: number
  /** Rows that were compared. */
  readonly rows: number
  /** Rows of the trace whose history it does not hold from their creation on. */
  readonly leftOut: number
  /** Over all compared rows as the trace has them. */
  readonly digest: string
  readonly differences: readonly string[]
}

const SILENCE_MS = 20_000

export async function replayTrace(trace: Trace): Promise<TraceReplay> {
  const plan = planOf(trace)
  const signer = simSigner({ random: new SeededRandom(1) })
  const { clock } = defaultPlatform()
  const space = trace.sync.space
  const types = typesOf(plan.messages)
  const keys = await signer.generate()
  const parts = {
    space,
    signer,
    random: new SeededRandom(2),
    ancestry: new Ancestry<AuthoredMessage>(),
  }
  let player: Player | undefined
  const reviewer = await createReviewer({
    ...parts,
    spaces: memorySpaces(),
    keys,
    clock,
    entities: types,
    onEvent: (event) => {
      if (event.type === 'strike') player?.unreadable(event.why)
    },
  })
  const open = (): SyncStore =>
    createSyncStore({
      server: true,
      space,
      entities: types,
      transports: [wireTo(reviewer)],
      platform: { signer },
    })
  const stores = [open()]
  try {
    player = new Player(reviewer, parts)
    for (const message of plan.messages) await player.play(message)
    stores.push(open())
    const { accepted, leftOut } = player
    const differences = [...player.differences]
    const expected = trace.rows.filter(
      (row) => plan.rows.has(rowKey(row)) && !leftOut.has(rowKey(row)),
    )
    for (const [at, each] of stores.entries()) {
      const found = await digestsOf(each, reviewer, player)
      for (const row of expected) {
        if (found.get(rowKey(row)) === row.digest) continue
        const who = at === 0 ? 'a store that listened' : 'a store that came afterwards'
        differences.push(`${rowKey(row)} is another in ${who}`)
      }
    }
    return {
      messages: plan.messages.length,
      accepted,
      rows: expected.length,
      leftOut: trace.rows.length - expected.length,
      digest: digestOf(expected.map(({ digest }) => digest)),
      differences,
    }
  } finally {
    player?.end()
    await Promise.all(stores.map((each) => each.close()))
    await reviewer.close()
  }
}

/** Any field, any value, second roots too: what the types allowed was decided before. */
function typesOf(messages: readonly PlannedMessage[]): Entity[] {
  const names = new Set(messages.flatMap(({ changes }) => changes.map(({ type }) => type)))
  return [...names].map((name) =>
    entity(name, eachKey(z.json()), { idPolicy: 'supplied', onExists: 'fork' }),
  )
}

function digestOf(digests: readonly string[]): string {
  const all = { type: 'all', id: 'all', heads: digests, live: {} }
  return stateDigest(all)
}

/** What the rows of a store are, in the names of the trace. */
async function digestsOf(
  store: SyncStore,
  reviewer: Reviewer,
  player: Player,
): Promise<ReadonlyMap<string, string>> {
  const endMs = performance.now() + SILENCE_MS
  await store.ready
  while (store.status.getState().position?.seq !== reviewer.state.seq) {
    if (performance.now() > endMs) throw new Error('a store does not reach its reviewer')
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const states = await inspect(store)!.ask({ kind: 'states' })
  return new Map(states.map((state) => [rowKey(state), stateDigest(player.named(state))]))
}

/** Offers one message after the other, and waits for the verdict on each. */
class Player {
  accepted = 0
  readonly differences: string[] = []
  /** Rows that cannot be compared: a message without a verdict in the trace was refused here, or
   * one that forked in the trace has nothing beside it here, because that is not in the trace. */
  readonly leftOut = new Set<string>()
  readonly #parts: AuthorParts
  readonly #authors = new Map<string, Promise<TraceAuthor>>()
  /** By its name in the trace. */
  readonly #made = new Map<string, AuthoredMessage>()
  /** Names in the trace by those of a store: the id, or session and number. */
  readonly #names = new Map<string, string>()
  readonly #link: ReturnType<Reviewer['connect']>
  /** Of the reviewer's greeting. */
  readonly #nonce: Promise<string>
  #greeted: (nonce: string) => void = () => {}
  #hear: (frame: ReturnType<typeof parsed>) => void = () => {}
  #unreadable: (why: string) => void = () => {}
  #ended: string | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(reviewer: Reviewer, parts: AuthorParts) {
    this.#parts = parts
    this.#nonce = new Promise((resolve) => (this.#greeted = resolve))
    this.#link = reviewer.connect(
      {
        send: (text) => {
          const frame = parsed(text)
          if (frame.kind === 'welcome') this.#greeted(frame.nonce)
          this.#hear(frame)
        },
        close: (reason) => (this.#ended = `the reviewer has ended the link: ${reason}`),
      },
      { address: 'trace' },
    )
    const { space } = parts
    this.#link.frame(
      authorFrame('hello', { v: WIRE_VERSION, space, nonce: 'trace', position: null }),
    )
  }

  async play(planned: PlannedMessage): Promise<void> {
    const { record, changes } = planned
    const author = await this.#authorOf(record.sessionId)
    const unknown = changes.flatMap(({ parents }) => parents).find((name) => !this.#made.has(name))
    const fault = this.#ended ?? (unknown && `its parent ${unknown} was not accepted before it`)
    if (fault !== undefined) {
      this.#refuse(planned, fault)
      return
    }
    const message = author.message(planned, (name) => this.#made.get(name)!)
    const { clientSeq } = message
    const { sessionId } = message.session.facts
    const text = await author.offer(message)
    const struck = this.#struck()
    const answer = this.#answer(text, (frame) => verdictOf(frame, message.id))
    const verdict = await Promise.race([struck, answer])
    if (verdict.refused !== undefined) {
      this.#refuse(planned, verdict.refused)
      return
    }
    this.accepted++
    this.#made.set(record.name, message)
    for (const name of [message.id, `${sessionId}:${clientSeq}`]) this.#names.set(name, record.name)
    if (!record.review || record.review.forked === verdict.forked) return
    if (!verdict.forked && !planned.followsAll) this.#leaveOut(planned)
    else this.differences.push(`${record.name} forked ${verdict.forked ? 'here' : 'there'} alone`)
  }

  /** The last frame was no message at all in the reviewer's eyes. */
  unreadable(why: string): void {
    this.#unreadable(why)
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  #struck(): Promise<Verdict> {
    return new Promise((resolve) => {
      this.#unreadable = (refused) => resolve({ forked: false, refused })
    })
  }

  /** The state with its messages called as the trace calls them. */
  named({ heads, live, ...row }: StateRecord): StateRecord {
    const name = (known: string): string => this.#names.get(known) ?? known
    return {
      ...row,
      heads: heads.map(name),
      live: Object.fromEntries(
        Object.entries(live).map(([reg, writes]) => [
          reg,
          writes.map(({ node, value }) => ({ node: name(node), value })),
        ]),
      ),
    }
  }

  #refuse(planned: PlannedMessage, why: string): void {
    const { record } = planned
    this.#leaveOut(planned)
    // Messages without a verdict may get either one; accepted messages must be accepted again.
    if (record.review)
      this.differences.push(`${record.name} was accepted, and is refused here: ${why}`)
  }

  #leaveOut({ changes }: PlannedMessage): void {
    for (const change of changes) this.leftOut.add(rowKey(change))
  }

  #authorOf(sessionId: string): Promise<TraceAuthor> {
    let author = this.#authors.get(sessionId)
    if (!author) this.#authors.set(sessionId, (author = this.#bound()))
    return author
  }

  async #bound(): Promise<TraceAuthor> {
    const author = await TraceAuthor.make(this.#parts)
    await this.#answer(await author.bind(await this.#nonce), (frame) =>
      frame.kind === 'bound' ? true : undefined,
    )
    return author
  }

  /** Sends a frame and resolves to what `read` makes of the first answer it knows. */
  #answer<T>(text: string, read: (frame: ReturnType<typeof parsed>) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => reject(new Error('the reviewer does not answer')), SILENCE_MS)
      this.#hear = (frame) => {
        const answer = read(frame)
        if (answer !== undefined) resolve(answer)
      }
      this.#link.frame(text)
    })
  }
}

function parsed(text: string) {
  const frame = parseReviewerFrame(text)
  if (!frame.ok) throw new Error(`the reviewer sent a frame that is ${frame.error.message}`)
  return frame.value
}

interface Verdict {
  readonly forked: boolean
  readonly refused?: string
}

function verdictOf(frame: ReturnType<typeof parsed>, id: string): Verdict | undefined {
  if (frame.kind === 'accepted') return { forked: frame.reviews[0]!.forked }
  if (frame.kind === 'nack') return { forked: false, refused: `${frame.reason}: ${frame.detail}` }
  const rejection = frame.kind === 'rejected' && frame.rejections.find(({ msgId }) => msgId === id)
  return rejection
    ? { forked: false, refused: `${rejection.reason}: ${rejection.detail ?? ''}` }
    : undefined
}
