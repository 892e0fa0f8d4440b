// Owns: the second client: one author who follows a space over one link at a time. It believes what
// verify.ts lets through, and after a refusal it says nothing more on that link (GATE9).

import { Author, type Edit, type OwnFlush, type OwnMessage } from './author.ts'
import { type Accepted, readBatch } from './batch.ts'
import { type Key, keyFrom, longId, randomText, shortId } from './encode.ts'
import { type Row, type State, applied, rowOf, writesOf } from './fold.ts'
import { readPage } from './page.ts'
import { type Json, Refusal, count, counts, demand, list, text } from './refusal.ts'
import {
  type Followed,
  type Greeting,
  type Position,
  checkAccepted,
  checkEnd,
  checkGreeting,
  checkHistory,
  checkMe,
  checkNack,
  checkPosition,
  checkRejection,
  checkSnapshot,
  listHash,
  pageHash,
  positionJson,
  sameHistory,
  isFollowed,
} from './verify.ts'
import {
  type Dial,
  type Frame,
  type Link,
  Parts,
  composeFrame,
  cutFrame,
  cutTexts,
  readFrame,
} from './wire.ts'

/** Of the hash of a page. */
const PAGE_NAME_CHARACTERS = 16

export interface ClientOptions {
  space: string
  dial: Dial
  key?: Key
  personalId?: string
  /** For the login of the reviewer. */
  token?: string
  /** The reviewer to follow. Default: the first one that is met (EPO4). */
  reviewerKey?: string
  /** Without it the link carries own verdicts alone. */
  follows?: boolean
}

const PAUSE_MS = 100
const EMPTY_ANSWERS_MAX = 8
const STALE_MS = 60_000

export class SecondClient {
  readonly author: Author
  readonly refusals: Refusal[] = []
  readonly nacks: string[] = []
  /** What came of each kind of frame, in order, for whoever watches. */
  readonly heard: string[] = []
  followed: Followed | undefined
  position: Position | null = null
  online = false
  bye: string | undefined
  /** All author ids of this person, as the reviewer knows them. */
  authorIds: string[] = []
  historyTrouble = false
  readonly #options: ClientOptions
  #states = new Map<string, State>()
  /** Of a snapshot that did not end, by name (SNAP9). */
  readonly #pages = new Map<string, string>()
  /** The chain after each batch that was read (GATE10). */
  readonly #chains = new Map<number, string>()
  #link: LinkState | undefined

  constructor(options: ClientOptions) {
    this.#options = options
    const key = options.key ?? keyFrom()
    this.author = new Author(options.space, key, options.personalId ?? 'somebody@example')
  }

  // The link

  connect(): void {
    this.close()
    this.bye = undefined
    const state = new LinkState()
    const mine = (): boolean => this.#link === state
    this.#link = state
    state.link = this.#options.dial({
      open: () => {
        state.openedAt = Date.now()
        this.#send('hello', [2, shortId(this.#options.space), state.nonce])
      },
      frame: (content) => {
        if (mine()) this.#guarded(state, content)
      },
      closed: () => {
        if (mine()) this.close()
      },
    })
  }

  close(): void {
    const link = this.#link
    this.#link = undefined
    this.online = false
    clearTimeout(link?.pause)
    clearTimeout(link?.renewal)
    link?.link?.close()
  }

  #send(kind: string, fields: Json[], texts: readonly string[] = []): void {
    for (const carried of cutFrame(composeFrame(kind, fields, texts))) {
      this.#link?.link?.send(carried)
    }
  }

  #guarded(state: LinkState, content: string): void {
    try {
      const whole = state.parts.take(content)
      if (whole !== undefined) this.#take(state, whole)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.refusals.push(error)
      this.close()
    }
  }

  #take(state: LinkState, content: string): void {
    const frame = readFrame(content)
    this.heard.push(frame.kind)
    if (frame.kind === 'bye') {
      this.bye = text(frame.fields[0], 'FRM5')
      this.close()
    } else if (state.greeting === undefined) {
      demand(frame.kind === 'welcome', 'GATE3', 'a frame before the greeting')
      this.#welcome(state, frame.fields)
    } else {
      this.#takeKind(state, { ...state.greeting, state }, frame, content)
    }
  }

  #takeKind(
    state: LinkState,
    { followed, position }: Greeting & { state: LinkState },
    { kind, fields, texts }: Frame,
    content: string,
  ): void {
    switch (kind) {
      case 'bound':
        return this.#bound(state, list(fields[0], 'OPN5'), fields)
      case 'me':
        this.authorIds = checkMe(fields, followed, state.greeting!.nonce)
        return
      case 'tail':
        return this.#tail(state, checkPosition(fields[1], followed), cutTexts(texts, fields[0]))
      case 'through': {
        const through = checkPosition(fields[0], followed)
        const isSnapshot = count(fields[1], 'SNAP1') > 0 && count(fields[2], 'SNAP1') > 0
        const isOld = through.seq < position.seq && !isSnapshot
        demand(!isOld, 'GATE5', 'an answer from before the greeting')
        return this.#through(state, through, fields)
      }
      case 'page': {
        const page = texts.join('\n')
        this.#pages.set(pageHash(page).slice(0, PAGE_NAME_CHARACTERS), page)
        return state.keep(count(fields[0], 'SNAP1'), content)
      }
      case 'kept':
        for (const name of list(fields[1], 'SNAP9')) {
          const page = this.#pages.get(text(name, 'SNAP9'))
          if (page !== undefined)
            state.keep(count(fields[0], 'SNAP1'), composeFrame('page', [fields[0]!], [page]))
        }
        return
      case 'settled':
        return state.keep(count(fields.at(-1), 'SNAP1'), content)
      case 'accepted':
        checkAccepted(fields, followed)
        return this.#acceptedAgain(fields)
      case 'rejected': {
        const rejections = list(fields[0], 'REJ2').map((each) => checkRejection(each, followed))
        for (const rejection of rejections) {
          const own = this.author.pending.find(({ hash }) => hash === rejection.hash)
          if (own?.id === rejection.msgId) this.author.reject(own, rejection)
        }
        return this.#offerNext(state)
      }
      case 'nack':
        checkNack(fields, followed, state.greeting!.nonce)
        return this.#nacked(state, fields)
      default:
        demand(kind === 'history', 'GATE3', 'a second greeting')
        checkHistory(fields, texts.join('\n'), { followed, nonce: state.greeting!.nonce })
    }
  }

  #welcome(state: LinkState, fields: readonly Json[]): void {
    const greeting = checkGreeting(fields, {
      space: this.#options.space,
      nonce: state.nonce,
      reviewerKey: this.followed?.reviewerKey ?? this.#options.reviewerKey,
    })
    this.followed = greeting.followed
    const before = this.position
    state.greeting = greeting
    const [start] = greeting.followed.terms
    // EPO5: what is on another lineage is replaced.
    if (before === null || !isFollowed(before, greeting.followed)) {
      this.#chains.clear()
      this.position = { ...start!, sig: '' }
    }
    this.#chains.set(start!.seq, start!.chain)
    this.#bind(greeting.nonce)
    if (this.#options.follows !== false) this.#want()
  }

  #bind(nonce: string): void {
    this.#send('bind', [[this.author.opening(nonce)], this.#options.token ?? null])
  }

  #want(): void {
    const at = this.position
    const have = at === null || at.seq === 0 ? null : positionJson(at)
    this.#send('want', [have, this.#pages.size > 0 ? [...this.#pages.keys()] : null])
  }

  // Writing

  create(type: string, values: Edit['values']): { entityId: string; own: OwnMessage } {
    const entityId = this.author.mint()
    return { entityId, own: this.write([[{ kind: 'create', type, entityId, values }]])[0]! }
  }

  update(type: string, entityId: string, values: Edit['values']): OwnMessage {
    return this.write([[{ kind: 'update', type, entityId, values }]])[0]!
  }

  resolve(type: string, entityId: string, values: Edit['values']): OwnMessage {
    return this.write([[{ kind: 'resolve', type, entityId, values }]])[0]!
  }

  /** One flush of several messages, each of one or several edits. */
  write(messages: readonly (readonly Edit[])[]): OwnMessage[] {
    const view = { position: this.position, state: (id: string) => this.#view(id) }
    const flush = this.author.write(messages, view)
    if (this.#link?.bound === true) this.#offerNext(this.#link)
    return flush.messages
  }

  #bound(state: LinkState, sessions: readonly Json[], [, forMs, why]: readonly Json[]): void {
    const bound = sessions.map((id) => longId(id, 'OPN5'))
    const reason =
      why === null || why === undefined ? 'our session is not bound' : text(why, 'AUTH3')
    demand(bound.includes(this.author.sessionId), 'OPN5', reason)
    if (forMs !== null && forMs !== undefined)
      state.renewBefore(count(forMs, 'AUTH5'), () => this.#bind(state.greeting!.nonce))
    state.bound = true
    state.offered.clear()
    this.#offerNext(state)
  }

  /** OFF2: oldest first, within the credits; one always may go. */
  #offerNext(state: LinkState): void {
    const { messages: most, bytes } = state.greeting!.credits
    const waiting = this.author.flushes.filter(isWaiting)
    for (const flush of waiting) {
      if (state.pause !== undefined) return
      if (state.offered.has(flush)) continue
      const under = [...state.offered].filter(isWaiting)
      const total = under.concat(flush)
      const size = total.reduce((sum, { lines }) => sum + Buffer.byteLength(lines.join('\n')), 0)
      const messages = total.reduce((sum, each) => sum + each.messages.length, 0)
      if (under.length > 0 && (messages > most || size > bytes)) return
      this.offer(flush)
    }
  }

  offer(flush: OwnFlush): void {
    this.#link?.offered.add(flush)
    this.#send('offer', [flush.seal], [flush.sessionLine, ...flush.lines])
  }

  /** VRD4: no verdict; its flush is offered again after a pause. */
  #nacked(state: LinkState, [reason, , clientSeqs]: readonly Json[]): void {
    this.nacks.push(text(reason, 'VRD4'))
    const numbers = new Set(counts(clientSeqs, 'VRD4'))
    for (const flush of state.offered) {
      if (flush.messages.some(({ message }) => numbers.has(message.clientSeq))) {
        state.offered.delete(flush)
      }
    }
    state.pause ??= setTimeout(() => {
      state.pause = undefined
      if (reason !== 'not_bound') this.#offerNext(state)
      else this.#bind(state.greeting!.nonce)
    }, PAUSE_MS)
  }

  // Verdicts and following

  /** VRD1: by `accepted`, where its seq is not above our position. */
  #acceptedAgain([session, reviews]: readonly Json[]): void {
    if (longId(session, 'VRD5') !== this.author.sessionId) return
    for (const review of list(reviews, 'VRD5')) {
      const [clientSeq, seq] = counts(review, 'VRD5')
      const following = this.#options.follows !== false
      if (following && seq! > this.position!.seq) this.#want()
      else this.#settle(clientSeq!, seq!)
    }
  }

  #settle(clientSeq: number, seq: number): void {
    const own = this.author.pending.find(({ message }) => message.clientSeq === clientSeq)
    if (own !== undefined) Object.assign(own, { state: 'accepted', seq })
  }

  /** CATCH6: the batches of a frame whole or not at all. */
  #tail(state: LinkState, position: Position, batches: readonly string[]): void {
    let [seq, chain] = [this.position!.seq, this.position!.chain]
    let term: { eid: string; epoch: number } = this.position!
    if (position.seq <= seq) return
    state.snapshot.clear()
    const accepted: (Accepted & { term: { eid: string; epoch: number } })[] = []
    const read = []
    for (const content of batches) {
      const batch = readBatch(content, chain)
      const last = batch.opens ? batch.fromSeq : batch.fromSeq + batch.accepted.length - 1
      if (last <= seq && read.length === 0) continue
      if (batch.fromSeq !== seq + 1) return this.#want()
      read.push({ seq: last, chain: batch.chain })
      term = batch.opens ?? term
      accepted.push(...batch.accepted.map((each) => ({ ...each, term })))
      ;[seq, chain] = [last, batch.chain]
    }
    const held = accepted.map((each) => this.#heldMessage(each))
    if (held.includes(undefined)) return this.#want()
    const ends = seq === position.seq && chain === position.chain && term.eid === position.eid
    demand(ends, 'POS4', 'batches that do not lead to the signed position')
    for (const each of read) this.#chains.set(each.seq, each.chain)
    for (const [i, each] of held.entries()) this.#apply(each!, accepted[i]!.term)
    this.position = position
    this.#offerNext(state)
  }

  /** BATCH9: a hash stands for an own message. One that is not held is asked for (CATCH6). */
  #heldMessage(accepted: Accepted): Accepted | undefined {
    const { message, hash } = accepted
    if (message !== null) return accepted
    const own = this.author.messages.find((each) => each.hash === hash)
    return own && { ...accepted, message: own.message }
  }

  #apply(accepted: Accepted, { eid, epoch }: { eid: string; epoch: number }): void {
    const { id, session, seen, seq, message, review } = accepted
    const ours = seen.eid === eid ? this.#chains.get(seen.seq) : undefined
    if (ours !== undefined && !sameHistory(seen.chain, ours)) this.historyTrouble = true
    const facts = { id, session, seen, canonical: { eid, epoch, seq } }
    for (const { entityId, type, write } of writesOf(message!, facts, review)) {
      this.#states.set(entityId, applied(this.#states.get(entityId), type, write))
    }
    if (session.sessionId === this.author.sessionId) this.#settle(message!.clientSeq, seq)
  }

  #through(
    state: LinkState,
    position: Position,
    [, pages, snapshot, sig, at, settled]: readonly Json[],
  ): void {
    const number = count(snapshot, 'SNAP1')
    if (number > 0) {
      const { nonce, followed } = state.greeting!
      const frames = [...(state.snapshot.get(number)?.values() ?? [])].map((content) => ({
        content,
        ...readFrame(content),
      }))
      state.snapshot.clear()
      const texts = frames.flatMap((each) => (each.kind === 'page' ? [each.texts.join('\n')] : []))
      const lists = frames.flatMap((each) => (each.kind === 'settled' ? [each.content] : []))
      const [many] = settled ? list(settled, 'SNAP7', 2) : [0]
      if (texts.length !== pages || lists.length !== many) return this.#want()
      const parts = { pages: texts.map(pageHash), lists: lists.map(listHash), nonce }
      checkSnapshot(position, parts, [sig!, settled!], followed)
      const contents = frames.map(({ content }) => content)
      if (position.seq >= this.position!.seq) this.#replace(position, contents)
      return
    }
    const signedAt = checkEnd(position, [sig!, at!], state.greeting!.followed)
    const lacks = position.seq > this.position!.seq
    // CATCH11: by the reviewer's clock, as it was when our link was opened.
    const now = state.greeting!.at + Date.now() - state.openedAt
    this.online = !lacks && now - signedAt <= STALE_MS
    state.empty = lacks ? state.empty + 1 : 0
    demand(state.empty < EMPTY_ANSWERS_MAX, 'CATCH7', 'answers that lead nowhere')
    if (lacks) this.#want()
  }

  /** SNAP3: a snapshot takes the place of all that was canonical. */
  #replace(position: Position, frames: readonly string[]): void {
    const states = new Map<string, State>()
    for (const content of frames) {
      const { kind, fields, texts } = readFrame(content)
      if (kind === 'page') {
        for (const [id, state] of readPage(texts.join('\n'))) states.set(id, state)
      } else if (longId(fields[0], 'SNAP2') === this.author.sessionId) {
        for (const run of list(fields[1], 'SNAP2')) {
          const [clientSeq, many, seq] = counts(run, 'SNAP2')
          for (let n = 0; n < many!; n += 1) this.#settle(clientSeq! + n, seq! + n)
        }
      }
    }
    this.#states = states
    this.#pages.clear()
    this.position = position
  }

  // Reading

  /** What is canonical, with pending own messages on top. */
  #view(entityId: string): State | undefined {
    let state = this.#states.get(entityId)
    for (const { id, message, session, seen } of this.author.pending) {
      const facts = { id, session, seen, canonical: null }
      for (const { entityId: of, type, write } of writesOf(message, facts, null)) {
        if (of === entityId) state = applied(state, type, write)
      }
    }
    return state
  }

  row(id: string): Row | undefined {
    const state = this.#view(id)
    return state === undefined ? undefined : rowOf(id, state, this.author.authorId)
  }

  rows(type: string): Row[] {
    const pending = this.author.pending.flatMap(({ message }) => message.changes)
    const ids = new Set([...this.#states.keys(), ...pending.map(({ entityId }) => entityId)])
    return [...ids].sort().flatMap((id) => {
      const row = this.row(id)
      return row?.type === type ? [row] : []
    })
  }

  /** The entity states that a message's id is named in, as (id of the message, seq). */
  headsOf(entityId: string): string[] {
    return (this.#view(entityId)?.heads ?? []).map(({ messageId }) => messageId)
  }
}

function isWaiting(flush: OwnFlush): boolean {
  return flush.messages.some(({ state }) => state === 'pending')
}

/** What a link knows ends with it (OPN7). */
class LinkState {
  readonly nonce = randomText(16)
  readonly parts = new Parts()
  readonly offered = new Set<OwnFlush>()
  /** Parts of snapshots by number, each once (SNAP3). */
  readonly snapshot = new Map<number, Map<string, string>>()
  link: Link | undefined
  greeting: Greeting | undefined
  bound = false
  openedAt = 0
  empty = 0
  pause: ReturnType<typeof setTimeout> | undefined
  renewal: ReturnType<typeof setTimeout> | undefined

  /** AUTH7. */
  renewBefore(forMs: number, renew: () => void): void {
    clearTimeout(this.renewal)
    const before = forMs - Math.min(60_000, forMs / 4)
    this.renewal = setTimeout(renew, Math.min(before, 86_400_000))
  }

  keep(number: number, content: string): void {
    const parts = this.snapshot.get(number) ?? new Map<string, string>()
    this.snapshot.set(number, parts.set(content, content))
  }
}
