/**
 * What really happened in a world, seen from outside of every process: which messages exist,
 * what the reviewer's store has committed and refused, what reached the platter of which disk.
 * Replicas and reviewer are compared with it, and cannot read it.
 */
import {
  type AuthoredMessage,
  type Hash,
  type Position,
  type Rejection,
  type SessionOpening,
  authoredIn,
  readFlush,
  readSession,
  shortId,
} from '@countersign/core/message'
import type { Commit, WriteBatch } from '@countersign/core/ports'
import { type Accepted, readBatch, readPosition } from '@countersign/core/protocol'
import { type Drafted, draftedIn } from './drafted.ts'
import { type EntityHistory, type Fact, Facts } from './facts.ts'
import type { Lie } from './lies.ts'
import { Violation } from './violation.ts'

export const SPACE = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10'

/** One accepted batch, as the store has it. */
export interface CommittedBatch {
  readonly text: string
  /** The signed one that is stored with it; undefined for what is none. */
  readonly position: Position | undefined
  readonly fromSeq: number
  readonly throughSeq: number
  /** After it, as core computes it. */
  readonly chain: Hash
  readonly at: number
  readonly accepted: readonly Accepted[]
  readonly messages: readonly AuthoredMessage[]
}

export class Truth {
  readonly facts: Facts = new Facts()
  /** In canonical order: the fact of seq n stands at n - 1. */
  readonly accepted: Fact[] = this.facts.accepted
  readonly refused = new Set<string>()
  /** The reviewer's chain after the last message of each batch; at 0 that of its epoch. */
  readonly chainAt = new Map<number, Hash>()
  /** The lineage, once something is committed. */
  eid: string | undefined
  /** Which device writes in a session. */
  readonly deviceOf = new Map<string, string>()
  /** The person behind an author id; without logins, each device is a person. */
  personOf: (authorId: string) => string = (authorId) =>
    this.deviceOfAuthor.get(authorId) ?? authorId
  /** Where its key is, by author: without logins a device is one person's. */
  readonly deviceOfAuthor = new Map<string, string>()
  /** By session: how its own author opened it. */
  readonly openings = new Map<string, SessionOpening>()
  /** Messages of a liar, with the lie: no reviewer may accept them. */
  readonly lies = new Map<string, Lie>()
  /** By device: own messages that reached its platter. */
  readonly #durable = new Map<string, Set<string>>()
  /** By device: own messages of which a draft reached its platter, as session and number. */
  readonly #drafted = new Map<string, Map<string, Drafted>>()
  readonly #byNumber = new Map<string, Fact[]>()
  readonly #refusedNumbers = new Set<string>()
  /** By text: the same one is stored, offered and offered again. */
  readonly #read = new Map<string, readonly AuthoredMessage[] | string>()

  get seq(): number {
    return this.accepted.length
  }

  history(entityId: string): EntityHistory | undefined {
    return this.facts.entity(entityId)
  }

  learn(message: AuthoredMessage): void {
    this.facts.learn(message)
  }

  /** Records the messages of an offer or of a stored flush; returns them, or their fault. */
  learnText(text: string): readonly AuthoredMessage[] | string {
    let messages = this.#read.get(text)
    if (messages === undefined) this.#read.set(text, (messages = messagesIn(text)))
    if (typeof messages !== 'string') for (const message of messages) this.learn(message)
    return messages
  }

  /** The accepted messages of that number in a session: one, if all is well. */
  numbered(sessionId: string, clientSeq: number): readonly Fact[] {
    return this.#byNumber.get(`${sessionId}:${clientSeq}`) ?? []
  }

  /** Whether an accepted message was concurrent with a head that its author had not seen. */
  isForked({ oracle, seq }: Fact): boolean {
    return oracle.changes.some(({ entity, parents }) => {
      const history = this.history(entity)!
      const before = history.acceptedAt(seq! - 1)
      if (before === 0n) return false
      const seen = history.closure(parents)!
      return history.expected(before).heads.some((head) => (seen & history.bitOf(head)) === 0n)
    })
  }

  /** The batch of a commit, if it has one, read by a follower. */
  batchesOf({ batch: stored }: Commit): CommittedBatch[] {
    if (!stored) return []
    const before = { seq: this.seq, chain: this.chainAt.get(this.seq)! }
    const end = stored.text.lastIndexOf('\n')
    const text = stored.text.slice(0, end)
    const position = readPosition(JSON.parse(stored.text.slice(end + 1)))
    const none = (): undefined => undefined
    const context = { space: SPACE, before, sessions: [], own: none }
    const read = readBatch(text, context)
    if (!read.ok) throw new Violation('S17', `a stored batch cannot be read: ${read.error.message}`)
    const { fromSeq, throughSeq, chain, at, accepted } = read.value
    const messages = accepted.map(({ id, hash, session, seen, message }) => ({
      ...message!,
      ...{ id, hash, session, seen },
    }))
    return [{ text, position, fromSeq, throughSeq, chain, at, accepted, messages }]
  }

  /** Records a commit, after it was checked. */
  commit(batches: readonly CommittedBatch[], commit: Commit): void {
    for (const { messages, chain } of batches) {
      for (const message of messages) {
        this.learn(message)
        const fact = this.facts.get(message.id)
        if (!fact) throw new Violation('S7', `${message.id} is accepted before what it names`)
        fact.seq = this.accepted.push(fact)
        for (const { entityId } of message.changes) this.history(entityId)!.accept(fact)
        const { sessionId } = message.session.facts
        const name = `${sessionId}:${message.clientSeq}`
        this.#byNumber.set(name, [...this.numbered(sessionId, message.clientSeq), fact])
      }
      this.chainAt.set(this.seq, chain)
    }
    for (const { sessionId, clientSeq } of commit.rejections ?? [])
      this.#refusedNumbers.add(`${sessionId}:${clientSeq}`)
    for (const rejection of rejectionsOf(commit)) this.refuse(rejection)
  }

  /** A refusal is final, whether it is stored or computed each time. */
  refuse({ msgId, reason }: Pick<Rejection, 'msgId' | 'reason'>): void {
    this.refused.add(msgId)
    const fact = this.facts.get(msgId)
    if (fact) fact.refused = reason
  }

  /** Whether a number of a session has a verdict. */
  isUsedUp(sessionId: string, clientSeq: number): boolean {
    const isRefused = this.#refusedNumbers.has(`${sessionId}:${clientSeq}`)
    return isRefused || this.numbered(sessionId, clientSeq).length > 0
  }

  /** Own messages of a batch that a disk has taken. The first line is the store's own. */
  stored(batch: WriteBatch): readonly AuthoredMessage[] {
    return (batch.segments ?? [])
      .filter(({ kind }) => kind === 'own')
      .flatMap(({ text }) => {
        const messages = this.learnText(text.slice(text.indexOf('\n') + 1))
        return typeof messages === 'string' ? [] : messages
      })
  }

  durableOf(device: string): Set<string> {
    let durable = this.#durable.get(device)
    if (!durable) this.#durable.set(device, (durable = new Set()))
    return durable
  }

  /** Takes in the drafts of a batch that has reached the platter of a device. */
  drafted(device: string, batch: WriteBatch): void {
    const drafted = this.draftedOf(device)
    for (const { kind, text } of batch.segments ?? [])
      if (kind === 'draft') for (const draft of draftedIn(text)) drafted.set(draft.key, draft)
  }

  /** By session and number. */
  draftedOf(device: string): Map<string, Drafted> {
    let drafted = this.#drafted.get(device)
    if (!drafted) this.#drafted.set(device, (drafted = new Map()))
    return drafted
  }

  /** Drafts of a device without a verdict, by session and number. Those that are lost can have none. */
  unansweredDrafts(device: string, lost: ReadonlySet<string>): string[] {
    const drafted = this.draftedOf(device)
    const ids = this.#idsByKey()
    const isAccepted = (key: string): boolean =>
      ids.get(key)?.some((id) => this.facts.get(id)?.seq !== undefined) ?? false
    const lostIds = new Set([...lost].flatMap((key) => ids.get(key) ?? []))
    // One that was blocked before it was sealed is in no message.
    const isBlocked = (key: string): boolean => {
      // A power cut may have taken the flush that it was sealed into. One that is durable has to be
      // answered by its id.
      if (lost.has(key)) return !isAccepted(key)
      const known = ids.get(key)
      if (known) return known.every((id) => this.isRefused(id) || this.isHopeless(id, lostIds))
      return drafted.get(key)?.parents.some(isBlocked) ?? false
    }
    return [...drafted.keys()].filter((key) => !isAccepted(key) && !isBlocked(key))
  }

  /** The ids of the messages that drafts were sealed into. */
  idsOfDrafts(keys: ReadonlySet<string>): readonly string[] {
    const ids = this.#idsByKey()
    return [...keys].flatMap((key) => ids.get(key) ?? [])
  }

  /** The ids of messages by the keys of their drafts. */
  #idsByKey(): ReadonlyMap<string, readonly string[]> {
    const ids = new Map<string, readonly string[]>()
    for (const { message } of this.facts.all()) {
      const { sessionId } = message.session.facts
      const key = `${shortId(sessionId)}:${message.clientSeq}`
      ids.set(key, [...(ids.get(key) ?? []), message.id])
    }
    return ids
  }

  /** Whether the only copy of it, or of a dependency, was destroyed before it had a verdict. */
  isHopeless(id: string, lost: ReadonlySet<string>): boolean {
    if (this.facts.get(id)?.seq !== undefined || this.refused.has(id)) return false
    const message = this.facts.message(id)
    if (!message || lost.has(id)) return true
    const parents = this.facts.parentsOf(message)
    // One refused parent is a sufficient answer; a lost one that would have been refused is none.
    if (parents.some((parent) => parent !== undefined && this.refused.has(parent))) return false
    return parents.some(
      (parent) =>
        parent === undefined ||
        this.#blocks(parent, lost, message.seen.seq) ||
        this.isHopeless(parent, lost),
    )
  }

  /**
   * Whether a parent that its author had seen pending is lost, or depends on one that is. It blocks what
   * depends on it, also where it had been sent in time.
   */
  #blocks(parent: string, lost: ReadonlySet<string>, seenSeq: number): boolean {
    const seq = this.facts.get(parent)?.seq ?? 0
    if (seq <= seenSeq) return false
    if (lost.has(parent)) return true
    const message = this.facts.message(parent)
    const parents = message ? this.facts.parentsOf(message) : []
    return parents.some((above) => above !== undefined && this.#blocks(above, lost, seenSeq))
  }

  /** Messages of a device that will never get a verdict. */
  hopelessOf(device: string, lost: ReadonlySet<string>): number {
    const messages = [
      ...this.facts.unlinked(),
      ...[...this.facts.all()].map(({ message }) => message),
    ]
    return messages.filter(
      ({ id, session }) =>
        this.deviceOf.get(session.facts.sessionId) === device && this.isHopeless(id, lost),
    ).length
  }

  /** Refused, or dependent on a refused message. */
  isRefused(id: string): boolean {
    const seen = new Set<string>()
    const visit = (at: string): boolean => {
      if (this.refused.has(at)) return true
      if (seen.has(at)) return false
      seen.add(at)
      return this.facts.get(at)?.oracle.changes.some(({ parents }) => parents.some(visit)) ?? false
    }
    return visit(id)
  }
}

/** The rejections of a commit. */
export function rejectionsOf({ rejections = [] }: Commit): readonly Rejection[] {
  return rejections.map(({ text }) => JSON.parse(text) as Rejection)
}

/** The messages of a session line and a flush; or their fault, as text. */
function messagesIn(text: string): readonly AuthoredMessage[] | string {
  const end = Math.max(0, text.indexOf('\n'))
  const session = readSession(text.slice(0, end))
  if (!session.ok) return session.error.message
  const flush = readFlush(session.value, text.slice(end + 1))
  return flush.ok ? authoredIn(flush.value, session.value) : flush.error.message
}
