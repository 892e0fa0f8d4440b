/**
 * The pull side of a link that follows scopes: requests them, and applies states of rows, frame by
 * frame in the order of their numbers. No state outlives the link.
 *
 *   follow ──▶ states* ──▶ applied step by step        a number is missing: requested again
 *
 * On a new link nothing is shown before all scopes are whole again, so no row is older than another.
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Review } from '../facts/message.ts'
import type { Entry } from '../history/entry.ts'
import { type ReviewerFrame, authorFrame } from '../wire/frames.ts'
import { type PageEntity, readPage } from '../wire/pages.ts'
import type { Scope } from '../wire/scopes.ts'
import type { FollowFields } from '../wire/states-frame.ts'
import type { Asked, PullEvents, PullFrame, Puller, ReachAnswer } from './pull.ts'
import { Reaches } from './reaches.ts'
import type { Scopes } from './scopes.ts'
import type { SessionParts } from './session-host.ts'
import type { PartHashes } from './snapshot-parts.ts'
import type { StatesStep } from './tail.ts'
import type { Reviewing } from './tail-plan.ts'
import { ANSWER_MS } from './wants.ts'

const NOTHING_HERE = { whole: 0, have: null } as const

type StatesFrame = ReviewerFrame & { readonly kind: 'states' }

/** A scope that was asked for on this link. */
interface AskedScope {
  readonly scope: Scope
  /** The number of the first `follow` that has it. */
  readonly since: number
  isWhole: boolean
}

export interface ScopedPullParts extends SessionParts {
  readonly scopes: Scopes
}

export class ScopedPull implements Puller {
  readonly wants: Asked
  readonly #parts: ScopedPullParts
  readonly #events: PullEvents
  /** The number of the newest `follow`, and of the last one with `anew`. */
  #asked = 0
  #anew = 0
  /** The number of the next frame. */
  #next = 1
  /**
   * When the newest `follow` was sent, or a frame for it arrived last; undefined: it is answered.
   */
  #progressMs: number | undefined
  #scopes = new Map<string, AskedScope>()
  /** Frames of a step that is not whole yet. */
  #held: StatesFrame[] = []
  /** Rows that were sent while a scope was not whole, with the newest `follow` by then. */
  readonly #sent = new Map<Uuid, number>()
  #isDue = false
  readonly #reaches: Reaches

  constructor(parts: ScopedPullParts, events: PullEvents) {
    this.#parts = parts
    this.#events = events
    const { scopes, clock } = parts
    this.#reaches = new Reaches({ scopes, clock, send: (frame) => events.send(frame) })
    const progressMs = (): number | undefined => this.#progressMs
    this.wants = {
      isHeld: false,
      get any() {
        return progressMs() !== undefined
      },
      all: () => {
        if (this.#progressMs === undefined && !this.wants.isHeld) this.#ask()
      },
      progress: () => {
        if (this.#progressMs !== undefined) this.#progressMs = parts.clock.monotonic()
      },
      answered: () => (this.#progressMs = undefined),
      tick: () => {
        const atMs = this.#progressMs
        if (atMs !== undefined && atMs <= parts.clock.monotonic() - ANSWER_MS) this.#ask()
        this.#reaches.tick()
      },
    }
  }

  frame(frame: PullFrame, _: string, by: Reviewing): void {
    if (frame.kind !== 'states') return // the chain is for stores that follow the whole space
    if (frame.of < this.#anew || frame.no < this.#next) return // late, or known
    if (frame.no > this.#next) {
      this.#events.behind()
      this.#ask({ anew: true })
      return
    }
    this.#next++
    this.wants.progress()
    this.#held.push(frame)
    if (this.#held.length > this.#parts.limits.snapshotPartsMax) {
      this.#events.fail('the reviewer sent too many pages')
      return
    }
    if (!frame.more && frame.done >= this.#anew) this.#step(this.#held.splice(0), frame, by)
  }

  /** Accepted without the states of its rows: they are sent when the message is offered again. */
  accepted(): void {}

  reached(answer: ReachAnswer): void {
    this.#reaches.heard(answer)
  }

  partHashes(): PartHashes {
    return { pages: [], lists: [] }
  }

  /** Requests the present scopes; the same scopes as before request news. */
  #ask({ anew = false }: { readonly anew?: boolean } = {}): void {
    const { scopes, clock } = this.#parts
    const { wanted } = scopes
    const isOther =
      wanted.size !== this.#scopes.size || [...wanted.keys()].some((key) => !this.#scopes.has(key))
    if (this.#asked === 0 || anew || isOther) {
      const no = ++this.#asked
      if (no === 1 || anew) this.#begin(no)
      const kept = this.#scopes
      this.#scopes = new Map(
        [...wanted].map(([key, scope]) => [
          key,
          kept.get(key) ?? { scope, since: no, isWhole: false },
        ]),
      )
    }
    assert(this.#anew > 0 && this.#anew <= this.#asked, 'the first question asks for everything')
    this.#reaches.pump()
    scopes.onWanted = () => this.#askSoon()
    this.#progressMs = clock.monotonic()
    const isNew = this.#anew === this.#asked
    const fields = { no: this.#asked, anew: isNew, ...(isNew ? this.#here() : NOTHING_HERE) }
    const here = scopes.whole
    // Those that are whole come first.
    const all = [...this.#scopes].sort(([a], [b]) => Number(here.has(b)) - Number(here.has(a)))
    this.#events.send(
      authorFrame('follow', { ...fields, scopes: all.map(([, { scope }]) => scope) }),
    )
  }

  /** The scopes that are whole here from an earlier link: of unchanged rows only ids are sent. */
  #here(): Pick<FollowFields, 'whole' | 'have'> {
    const { scopes, tail } = this.#parts
    const here = scopes.whole
    const whole = [...this.#scopes.keys()].filter((key) => here.has(key)).length
    return { whole: tail.position ? whole : 0, have: tail.position }
  }

  /** Requests everything again, with numbers from 1 on. */
  #begin(no: number): void {
    this.#anew = no
    this.#next = 1
    this.#held = []
    this.#sent.clear()
    this.#scopes = new Map()
  }

  /** Scopes that are added and removed in one turn need one request. */
  #askSoon(): void {
    if (this.#isDue) return
    this.#isDue = true
    this.#parts.clock.soon(() => {
      this.#isDue = false
      this.#ask()
    })
  }

  #step(frames: readonly StatesFrame[], last: StatesFrame, by: Reviewing): void {
    const { tail, host, scopes } = this.#parts
    assert(frames.at(-1) === last, 'a step ends with the frame that no more follows')
    if (frames.some(({ kept }) => !kept.every((id) => tail.has(id)))) {
      // It may be read again, or was lost here.
      scopes.cover(new Set())
      this.#ask({ anew: true })
      return
    }
    const entities: PageEntity[] = []
    const accepted = new Map<Entry, Review>()
    const gone = new Set<Uuid>()
    for (const frame of frames) {
      const read = frame.texts === '' ? undefined : readPage(frame.texts)
      if (read?.ok === false) {
        this.#events.fail(`the reviewer sent ${read.error.message}`)
        return
      }
      for (const id of frame.kept) this.#sent.set(id, frame.of)
      for (const entity of read?.value ?? []) {
        entities.push(entity)
        this.#sent.set(entity.id, frame.of)
        gone.delete(entity.id)
      }
      for (const id of frame.gone) {
        gone.add(id)
        this.#sent.delete(id)
      }
      this.#addAccepted(accepted, frame, by)
    }
    const whole = this.#wholeBy(last)
    const here = tail.position
    const isOther = here !== null && !by.lineage.has(here)
    host.follow(by.lineage, isOther)
    const outcome = tail.states({
      ...{ entities, position: last.position, accepted, whole, gone, isOther },
      ...{ followed: this.#followed(), erasedSeq: last.erased },
      onChanged: () => scopes.cover(this.#whole()),
    })
    if (last.done === this.#asked) {
      this.#sent.clear()
      this.wants.answered()
    }
    host.shown(outcome, by, isOther)
    if (last.done === this.#asked) this.#events.caughtUp(last.at)
    this.#events.taken()
  }

  #addAccepted(found: Map<Entry, Review>, frame: StatesFrame, by: Reviewing): void {
    for (const { sessionId, reviews } of frame.accepted)
      for (const { clientSeq, seq, at, forked } of reviews) {
        const { reviewerId, eid, epoch } = by.lineage.at(seq)
        const entry = this.#parts.outbox.find(sessionId, clientSeq)
        if (entry) found.set(entry, { reviewerId, eid, epoch, seq, at, forked })
      }
  }

  /** Scopes that are whole with this frame, and were not before. */
  #wholeBy({ done }: StatesFrame): StatesStep['whole'] {
    const ready = [...this.#scopes.values()].filter(
      ({ isWhole, since }) => !isWhole && since <= done,
    )
    for (const asked of ready) asked.isWhole = true
    return ready.map(({ scope, since }) => ({
      scope,
      has: (id) => (this.#sent.get(id) ?? 0) >= since,
    }))
  }

  #followed(): readonly Scope[] {
    return [...this.#scopes.values()].flatMap(({ isWhole, scope }) => (isWhole ? [scope] : []))
  }

  #whole(): ReadonlySet<string> {
    const keys = [...this.#scopes].flatMap(([key, { isWhole }]) => (isWhole ? [key] : []))
    return new Set(keys)
  }
}
