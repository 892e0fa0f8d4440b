/**
 * Links that follow scopes instead of the chain. They are sent states: those of the rows of a scope
 * when they ask for it, and then, for each commit, those of the rows of their scopes that it touched,
 * which a row leaving a scope is one of, and those of the rows of their own accepted messages.
 *
 *   follow ─▶ in the index ─▶ rows of the store, page by page ─▶ answered
 *                   └───────── states after each commit, in between and from then on
 *
 * A peer that reads too slowly gets several commits at once, after it has read the frames before.
 *
 * Where rights to read are limited, a row that a person may not read is in none of their scopes:
 * its removal is sent, and only to links that had got the row.
 *
 * Every frame has a number, and contains all changes up to its position, so a lost frame is
 * requested again. A state is the newest one when its frame is made: a page that was read before a
 * commit may follow it in the stream, and readers skip states older than theirs.
 */
import { assert } from '../base/assert.ts'
import { type Bytes, NO_BYTES, addBytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import { chainPrefix } from '../facts/ids.ts'
import { type Limits, frameContentBytesMax } from '../facts/limits.ts'
import type { Position } from '../facts/message.ts'
import { PageWriter } from '../fold/snapshot.ts'
import { stateBytesAtMost } from '../fold/state-size.ts'
import { type EntityState, seqOf } from '../fold/state.ts'
import type { Clock } from '../ports/clock.ts'
import type { SpaceStore } from '../ports/space-store.ts'
import type { Decision, Offer } from '../review/decision.ts'
import { Missing } from '../review/missing.ts'
import type { SpaceState } from '../review/space.ts'
import type { KeyedTypes } from '../review/state-keys.ts'
import { reviewRows, reviewerFrame } from '../wire/frames.ts'
import { type PageEntity, pageText } from '../wire/pages.ts'
import { type Scope, scopeKey } from '../wire/scopes.ts'
import { statesBytes } from '../wire/signed.ts'
import type { ReachFields } from '../wire/reach-frame.ts'
import type { FollowFields, SessionReviews, StatesFields } from '../wire/states-frame.ts'
import { RESUME } from './answer.ts'
import type { Connection } from './connection.ts'
import { answerReach } from './reach.ts'
import type { Readers } from './readers.ts'
import { ScopeIndex } from './scope-index.ts'
import { NOTHING_HERE, type Owed, LinkView } from './view.ts'
import { AheadOfHere, type StateOf, dirtyInScope, statesOfScope } from './scope-states.ts'
import type { SpaceSource } from './source.ts'

/** Size of the states of one frame. */
const PAGE_BYTES = 65_536

export interface ViewsParts {
  readonly spaceId: Uuid
  readonly space: SpaceState
  readonly source: SpaceSource
  readonly store: SpaceStore
  readonly keyed: KeyedTypes
  readonly clock: Clock
  readonly limits: Limits
  readonly head: () => Position
  /** The seq of the newest record of an erasure. */
  readonly erased: () => number
  /** The reviewer's clock, ms since 1970. */
  readonly now: () => number
  readonly readers: Readers
  readonly sign: (bytes: Uint8Array) => Promise<string>
  readonly onError: (error: unknown) => void
  /** Another process has committed: its commits must be read before links resume. */
  readonly onAhead: () => void
}

/** The changes of a commit. */
export interface ViewedCommit {
  readonly decision: Decision<Connection>
  readonly offers: readonly Offer<Connection>[]
  /** From `before`. */
  readonly before: ReadonlyMap<Uuid, EntityState>
}

type Told = Pick<StatesFields, 'accepted' | 'gone'>

const NOTHING: Told = { accepted: [], gone: [] }
/** Of a frame that others of its step follow. */
const MORE = { ...NOTHING, more: true, kept: [] } as const

export class Views {
  readonly #parts: ViewsParts
  readonly #index = new ScopeIndex<LinkView>()
  readonly #views = new Map<Connection, LinkView>()
  /** Resolves after the last read of the store. */
  #read: Promise<unknown> = Promise.resolve()

  constructor(parts: ViewsParts) {
    this.#parts = parts
  }

  /** A link requests scopes, all that it follows from now on; or news. */
  follow(connection: Connection, frame: FollowFields): void {
    const { no, anew, scopes } = frame
    if (connection.closed) return
    let view = this.#views.get(connection)
    if (!view || (anew && no > view.of)) view = this.#begin(connection)
    if (no <= view.of) {
      // A repeated request. The rows under way are sent first, then this answer.
      if (view.owed) view.isAsked = true
      else if (view.done === view.of) this.#say(view, [], NOTHING)
      return
    }
    view.of = no
    if (anew) view.here = this.#hereOf(frame)
    const wanted = new Map(scopes.map((scope) => [scopeKey(scope), scope]))
    for (const [key, { end }] of view.scopes) {
      if (wanted.has(key)) continue
      end()
      view.scopes.delete(key)
    }
    const added: Scope[] = []
    for (const [key, scope] of wanted) {
      if (view.scopes.has(key)) continue
      view.scopes.set(key, { scope, end: this.#index.add(scope, view) })
      added.push(scope)
    }
    this.#fillLater(view, no, added)
  }

  /** The scopes that a peer has in full from an earlier link, on this lineage. */
  #hereOf({ scopes, whole, have }: FollowFields): LinkView['here'] {
    const { head, space } = this.#parts
    const { eid, seq } = head()
    const isOurs = have?.eid === eid && have.seq <= seq
    if (!isOurs || !space.chains.mayBe(have.seq, chainPrefix(have.chain))) return NOTHING_HERE
    return { keys: new Set(scopes.slice(0, whole).map(scopeKey)), seq: have.seq }
  }

  /** The states, before the decision, of its rows that a link may follow. */
  before({ batch }: Decision<Connection>): ReadonlyMap<Uuid, EntityState> {
    const before = new Map<Uuid, EntityState>()
    for (const id of batch.states.keys()) {
      if (!this.#index.has(batch.typeOf(id) ?? '')) continue
      const entity = this.#parts.space.entity(id)
      if (entity) before.set(id, entity.state)
    }
    return before
  }

  /** Sends what a commit has changed. Called in its turn, while its rows are in the cache. */
  committed(commit: ViewedCommit): void {
    if (this.#views.size === 0) return
    const touched = this.#touchedBy(commit)
    const accepted = this.#acceptedOf(commit, touched)
    for (const [view, ids] of touched) {
      const reviews = accepted.get(view) ?? []
      const isLater = view.owed !== undefined || view.connection.isBehind
      if (isLater || !this.#tell(view, [...ids], reviews)) this.#owe(view, ids, reviews)
    }
  }

  /**
   * Values of a row are about to be erased; what is returned tells so, afterwards: who follows it as it
   * was, and all others, who may have it from before. Who was to be sent states that were read before
   * resumes.
   */
  erasing(id: Uuid): () => void {
    const { space } = this.#parts
    const entity = space.entity(id)
    const found = new Set<LinkView>()
    if (entity && this.#index.has(entity.type))
      this.#index.find(entity.type, entity.state, space.registers(entity.type), found)
    return () => {
      for (const view of [...this.#views.values()]) {
        if (view.done < view.of || view.owed) view.connection.close(RESUME)
        else if (!found.has(view)) this.#say(view, [], NOTHING)
        else if (view.connection.isBehind || !this.#tell(view, [id], []))
          this.#owe(view, new Set([id]), [])
      }
    }
  }

  /** A link asks how far the next rows of scopes reach. */
  reach(connection: Connection, frame: ReachFields): void {
    void answerReach(connection, frame, { ...this.#parts, reading: this.#reading })
  }

  gone(connection: Connection): void {
    this.#views.get(connection)?.end()
    this.#views.delete(connection)
  }

  #begin(connection: Connection): LinkView {
    this.gone(connection)
    connection.mode = 'states'
    const view = new LinkView(connection)
    this.#views.set(connection, view)
    return view
  }

  #isLive(view: LinkView): boolean {
    return !view.connection.closed && this.#views.get(view.connection) === view
  }

  /** The followers of a row in its former or its new state. */
  #touchedBy({ decision, before }: ViewedCommit): Map<LinkView, Set<Uuid>> {
    const { space } = this.#parts
    const touched = new Map<LinkView, Set<Uuid>>()
    for (const [id, after] of decision.batch.states) {
      const type = decision.batch.typeOf(id)
      if (type === undefined || !this.#index.has(type)) continue
      const found = new Set<LinkView>()
      const table = space.registers(type)
      const was = before.get(id)
      if (was) this.#index.find(type, was, table, found)
      this.#index.find(type, after, table, found)
      for (const view of found) addTo(touched, view, id)
    }
    return touched
  }

  /** The accepted messages of each link; their rows are added to its changes. */
  #acceptedOf(
    { decision, offers }: ViewedCommit,
    touched: Map<LinkView, Set<Uuid>>,
  ): ReadonlyMap<LinkView, SessionReviews[]> {
    const told = new Map<LinkView, SessionReviews[]>()
    const headSeq = this.#parts.head().seq
    for (const { connection, sessionId, again, accepted } of decision.answers) {
      const view = connection ? this.#views.get(connection) : undefined
      const reviews = [...again, ...accepted]
      if (!view || reviews.length === 0) continue
      if (reviews.some(({ seq }) => seq > headSeq)) {
        // Another process has accepted it: the states here lack it.
        this.#parts.onAhead()
        continue
      }
      const known = told.get(view)
      if (known) known.push({ sessionId, reviews })
      else told.set(view, [{ sessionId, reviews }])
      const add = (id: Uuid): void => {
        addTo(touched, view, id)
        // The author has its own message.
        if (this.#parts.readers.areLimited) view.shown.add(id)
      }
      const numbers = new Set(reviews.map(({ clientSeq }) => clientSeq))
      for (const { session, flush } of offers) {
        if (session.facts.sessionId !== sessionId) continue
        for (const { clientSeq, changes } of flush.messages)
          if (numbers.has(clientSeq)) for (const { entityId } of changes) add(entityId)
      }
    }
    return told
  }

  /** Sends rows later, in their state at that time. */
  #owe(view: LinkView, ids: ReadonlySet<Uuid>, accepted: readonly SessionReviews[]): void {
    const { onError } = this.#parts
    const owed = (view.owed ??= { ids: new Set(), accepted: [], told: Promise.resolve() })
    const isFirst = owed.ids.size === 0
    for (const id of ids) owed.ids.add(id)
    owed.accepted.push(...accepted)
    if (!isFirst) return
    owed.told = this.#pay(view, owed).catch((error: unknown) => {
      view.owed = undefined
      onError(error)
      view.connection.close('the store does not answer')
    })
  }

  async #pay(view: LinkView, { ids, accepted }: Owed): Promise<void> {
    const { space, source, readers } = this.#parts
    let missing: Missing | undefined
    await view.sending
    await view.connection.drained()
    for (;;) {
      const asked = [...ids]
      await source.entities(asked)
      if (missing) await readers.load(missing)
      if (!this.#isLive(view)) break
      // Nothing was added, and nothing evicted, meanwhile: in this turn it is all that is new.
      if (asked.length < ids.size || !asked.every((id) => space.has(id))) continue
      missing = this.#told(view, asked, accepted)
      if (missing) continue
      view.owed = undefined
      return
    }
    view.owed = undefined
  }

  /** Sends rows now. False if an item must be loaded first. */
  #tell(view: LinkView, ids: readonly Uuid[], accepted: readonly SessionReviews[]): boolean {
    return this.#told(view, ids, accepted) === undefined
  }

  /** The same; returns the item that must be loaded first. */
  #told(
    view: LinkView,
    ids: readonly Uuid[],
    accepted: readonly SessionReviews[],
  ): Missing | undefined {
    const states = ids.map((id) => {
      const entity = this.#parts.space.entity(id)
      assert(entity, 'a row of a commit has a state')
      return { id, ...entity }
    })
    const seen = this.#seenBy(view, states)
    if (seen instanceof Missing) return seen
    const gone: Uuid[] = []
    for (const { id } of states) {
      if (seen.has(id)) continue
      if (view.done < view.of) view.withheld.add(id)
      if (view.shown.delete(id)) gone.push(id)
    }
    // A link gets no sign of changes of rows that it may not read.
    if (seen.size + gone.length + accepted.length > 0 || view.isAsked)
      this.#say(view, this.#pagesOf([...seen.values()]), { accepted, gone })
    view.isAsked = false
    return undefined
  }

  /** The states that the person of a link may read, which are shown from now on. */
  #seenBy(view: LinkView, states: readonly StateOf[]): ReadonlyMap<Uuid, StateOf> | Missing {
    const { readers } = this.#parts
    const seen = new Map<Uuid, StateOf>()
    try {
      for (const one of states) if (readers.mayRead(view.connection, one)) seen.set(one.id, one)
    } catch (error) {
      if (error instanceof Missing) return error
      throw error
    }
    if (!readers.areLimited) return seen
    for (const id of seen.keys()) {
      view.shown.add(id)
      view.withheld.delete(id)
    }
    return seen
  }

  /** Texts of pages with these states. */
  #pagesOf(states: readonly StateOf[]): readonly string[] {
    const { space, limits } = this.#parts
    const bytesMax = Math.min(PAGE_BYTES, frameContentBytesMax(limits))
    const texts: string[] = []
    let writer = new PageWriter()
    let page: PageEntity[] = []
    let bytes: Bytes = NO_BYTES
    const end = (): void => {
      if (page.length > 0) texts.push(pageText(page))
      writer = new PageWriter()
      page = []
      bytes = NO_BYTES
    }
    for (const { id, type, state } of states) {
      const table = space.registers(type)
      const size = stateBytesAtMost(state, table)
      if (page.length === limits.pageEntitiesMax || bytes + size > bytesMax) end()
      page.push(writer.entity(type, id, { state, table }))
      bytes = addBytes(bytes, size)
    }
    end()
    return texts
  }

  /** Sends pages that are one step, with the accepted messages, and the rows that are gone. */
  #say(view: LinkView, pages: readonly string[], { accepted, gone }: Told): void {
    const last = Math.max(0, pages.length - 1)
    for (let i = 0; i < last; i++) this.#frame(view, pages[i] ?? '', MORE)
    this.#frame(view, pages[last] ?? '', { more: false, kept: [], accepted, gone })
  }

  /** One frame, as of now; it is sent when it is signed, behind those before it. */
  #frame(
    view: LinkView,
    texts: string,
    { more, kept, accepted, gone }: Pick<StatesFields, 'more' | 'kept' | 'accepted' | 'gone'>,
  ): void {
    const { spaceId, head, erased, now, sign, onError } = this.#parts
    const { connection, of, done } = view
    const no = ++view.made
    const answer = connection.answer()
    const position = head()
    const erasedSeq = erased()
    const at = now()
    const bytes = statesBytes(spaceId, position, {
      ...{ nonce: connection.nonce, at, texts, kept, gone },
      numbers: [no, of, done, more ? 1 : 0, erasedSeq],
      accepted: accepted.map((each) => [each.sessionId, reviewRows(each.reviews)] as const),
    })
    const signed = sign(bytes)
    signed.catch(() => {}) // handled below
    view.sending = view.sending
      .then(async () => {
        const sig = await signed
        if (!this.#isLive(view)) return
        const place = { no, of, done, more, position, at, erased: erasedSeq }
        const fields = { ...place, kept, gone, accepted, sig }
        const send = more ? 'sendPart' : 'send'
        answer[send](reviewerFrame('states', fields, texts === '' ? undefined : texts))
      })
      .catch((error: unknown) => {
        onError(error)
        connection.close('the reviewer cannot sign')
      })
  }

  #fillLater(view: LinkView, no: number, added: readonly Scope[]): void {
    const { onError, onAhead } = this.#parts
    // In this turn, as they are the newest: the store lacks them.
    for (const scope of added) {
      const dirty = dirtyInScope(scope, this.#parts.space)
      if (this.#send(view, scope, dirty)) this.#owe(view, new Set(dirty.map(({ id }) => id)), [])
    }
    view.filling = view.filling
      .then(async () => {
        for (const scope of added) await this.#fill(view, scope)
        while (view.owed) await view.owed.told
        if (!this.#isLive(view)) return
        view.done = no
        if (no === view.of) view.withheld.clear()
        this.#say(view, [], NOTHING)
      })
      .catch((error: unknown) => {
        if (error instanceof AheadOfHere) {
          onAhead()
          return
        }
        onError(error)
        view.connection.close('the store does not answer')
      })
  }

  /** Sends the rows of a scope that the store has, as they are when they are sent. */
  async #fill(view: LinkView, scope: Scope): Promise<void> {
    const { clock } = this.#parts
    const answer = view.connection.answer()
    const isWanted = (): boolean =>
      !answer.isOver && this.#isLive(view) && view.scopes.has(scopeKey(scope))
    const parts = { ...this.#parts, reading: this.#reading }
    for await (const states of statesOfScope(scope, parts)) {
      if (!isWanted()) return
      for (let lacks = this.#send(view, scope, states); lacks;) {
        await this.#parts.readers.load(lacks)
        if (!isWanted()) return
        lacks = this.#send(view, scope, states)
      }
      await view.sending
      await view.connection.drained()
      await new Promise<void>((resolve) => void clock.after(0, resolve))
      if (!isWanted()) return
    }
  }

  readonly #reading = <T>(read: () => Promise<T>): Promise<T> => {
    const done = this.#read.then(read)
    this.#read = done.catch(() => {}) // the caller gets the error; the next read follows
    return done
  }

  /**
   * Sends rows of a scope that is not complete yet, and only the ids of those that the peer has
   * unchanged. Returns the item that must be loaded first.
   */
  #send(view: LinkView, scope: Scope, states: readonly StateOf[]): Missing | undefined {
    const { keys, seq } = view.here
    const told = states.filter(({ id }) => !view.withheld.has(id))
    const seen = this.#seenBy(view, told)
    if (seen instanceof Missing) return seen
    const isHere = keys.has(scopeKey(scope))
    const isNews = ({ state }: StateOf): boolean => !isHere || seqOf(state) > seq
    const kept = [...seen.values()].filter((each) => !isNews(each)).map(({ id }) => id)
    const pages = this.#pagesOf([...seen.values()].filter(isNews))
    if (kept.length > 0) this.#frame(view, '', { ...MORE, kept })
    for (const text of pages) this.#frame(view, text, MORE)
    return undefined
  }
}

function addTo(touched: Map<LinkView, Set<Uuid>>, view: LinkView, id: Uuid): void {
  const ids = touched.get(view)
  if (ids) ids.add(id)
  else touched.set(view, new Set([id]))
}
