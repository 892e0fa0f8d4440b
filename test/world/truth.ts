/**
 * What really happened in a world, seen from outside of every process: which messages exist,
 * what the reviewer's store has committed and refused, what reached the platter of which disk.
 * Replicas and reviewer are measured by it; they know nothing of it.
 */
import type { Hash, Message, Rejection, SessionOpening } from '@countersign/core/message'
import type { AppendBatch, WriteBatch } from '@countersign/core/ports'
import { readRun, unpackMessages } from '@countersign/core/protocol'
import { type EntityHistory, type Fact, Facts } from './facts.ts'

export const SPACE = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10'

/** As a replica stores it; a parent is a message by id, or by number in the same session. */
interface DraftRecord {
  readonly sessionId: string
  readonly drafts: readonly (readonly [
    clientSeq: number,
    timestamp: number,
    changes: readonly (readonly [
      type: string,
      id: string,
      kind: string,
      version: number,
      regs: unknown,
      values: unknown,
      parents: readonly (string | number)[],
    ])[],
  ])[]
}

interface Drafted {
  readonly sessionId: string
  readonly parents: readonly (string | number)[]
}

/** One accepted run, as the store has it. */
export interface CommittedRun {
  readonly fromSeq: number
  readonly chain: Hash
  readonly at: number
  readonly forked: readonly number[]
  readonly messages: readonly Message[]
}

export class Truth {
  readonly facts: Facts = new Facts()
  /** In canonical order: the fact of seq n stands at n - 1. */
  readonly accepted: Fact[] = []
  readonly refused = new Set<string>()
  /** Whether something waits for somebody who decides, since somebody last did. */
  isContested = false
  /** The reviewer's chain after the last review of each run. */
  readonly chainAt = new Map<number, Hash>()
  /** Which device writes in a session. */
  readonly deviceOf = new Map<string, string>()
  /** By session: how its own author opened it. */
  readonly openings = new Map<string, SessionOpening>()
  /** Messages of a liar, with the name of the lie: nobody may accept them. */
  readonly lies = new Map<string, string>()
  /** By device: own messages that reached its platter. */
  readonly #durable = new Map<string, Set<string>>()
  /** By device: own messages of which a draft reached its platter, as session and number. */
  readonly #drafted = new Map<string, Map<string, Drafted>>()
  readonly #byNumber = new Map<string, Fact[]>()
  /** By text: the same one is stored, offered and offered again. */
  readonly #read = new Map<string, readonly Message[] | string>()

  get seq(): number {
    return this.accepted.length
  }

  history(entityId: string): EntityHistory | undefined {
    return this.facts.entity(entityId)
  }

  learn(message: Message): void {
    this.facts.learn(message)
  }

  /** The messages of an offer or of a stored flush, learnt; or what is wrong with them. */
  learnPacked(text: string, packed: () => unknown): readonly Message[] | string {
    let messages = this.#read.get(text)
    if (messages === undefined) {
      const unpacked = unpackMessages(packed(), SPACE)
      messages = unpacked.ok ? unpacked.value : unpacked.error.message
      this.#read.set(text, messages)
    }
    if (typeof messages !== 'string') for (const message of messages) this.learn(message)
    return messages
  }

  /** The accepted messages of that number in a session: one, if all is well. */
  numbered(sessionId: string, clientSeq: number): readonly Fact[] {
    return this.#byNumber.get(`${sessionId}:${clientSeq}`) ?? []
  }

  /** The runs of a batch, read as anybody would read them. */
  runsOf(batch: AppendBatch): CommittedRun[] {
    return batch.runs.map((stored) => {
      const run = readRun(JSON.parse(stored.text), SPACE)
      if (!run.ok || run.value.body.kind !== 'messages') {
        throw new Error(`a stored run from ${stored.fromSeq} cannot be read`)
      }
      return { ...run.value, messages: run.value.body.messages }
    })
  }

  /** Takes in what was committed, after it was checked. */
  commit(runs: readonly CommittedRun[], batch: AppendBatch): void {
    for (const run of runs) {
      for (const message of run.messages) {
        this.learn(message)
        const fact = this.facts.get(message.id)!
        fact.seq = this.accepted.push(fact)
        for (const { meta } of message.changes.filter((change) => change !== null)) {
          this.history(meta.entityId)!.accept(fact)
        }
        const name = `${message.header.sessionId}:${message.header.clientSeq}`
        this.#byNumber.set(name, [
          ...this.numbered(message.header.sessionId, message.header.clientSeq),
          fact,
        ])
      }
      this.chainAt.set(this.seq, run.chain)
    }
    for (const { msgId, text } of batch.rejections) {
      const { rejection } = JSON.parse(text) as { readonly rejection: Rejection }
      this.refused.add(msgId)
      const fact = this.facts.get(msgId)
      if (fact) fact.refused = rejection.reason
    }
  }

  /** Own messages of a batch that a disk has taken. */
  stored(batch: WriteBatch): readonly Message[] {
    return (batch.segments ?? [])
      .filter(({ kind }) => kind === 'own')
      .flatMap(({ text }) => {
        const packed = (): unknown => (JSON.parse(text) as { readonly packed: unknown }).packed
        const messages = this.learnPacked(text, packed)
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
    for (const { kind, text } of batch.segments ?? []) {
      if (kind !== 'draft') continue
      const { sessionId, drafts } = JSON.parse(text) as DraftRecord
      for (const [clientSeq, , changes] of drafts) {
        const parents = changes.flatMap((change) => change[6])
        drafted.set(`${sessionId}:${clientSeq}`, { sessionId, parents })
      }
    }
  }

  /** By session and number. */
  draftedOf(device: string): Map<string, Drafted> {
    let drafted = this.#drafted.get(device)
    if (!drafted) this.#drafted.set(device, (drafted = new Map()))
    return drafted
  }

  /** Drafts of a device without a verdict, by session and number. */
  unansweredDrafts(device: string): string[] {
    const drafted = this.draftedOf(device)
    const ids = new Map<string, string>()
    for (const { message } of this.facts.all()) {
      const { sessionId, clientSeq } = message.header
      ids.set(`${sessionId}:${clientSeq}`, message.id)
    }
    // One that was blocked before it was sealed is in no message.
    const isBlocked = (key: string): boolean => {
      const id = ids.get(key)
      if (id !== undefined) return this.isRefused(id)
      const draft = drafted.get(key)
      const isGone = (ref: string | number): boolean =>
        typeof ref === 'string' ? this.isRefused(ref) : isBlocked(`${draft!.sessionId}:${ref}`)
      return draft?.parents.some(isGone) ?? false
    }
    return [...drafted.keys()].filter((key) => {
      const isAccepted = this.facts.get(ids.get(key) ?? '')?.seq !== undefined
      return !isAccepted && !isBlocked(key)
    })
  }

  /** Whether the only copy of it, or of something it stands on, was destroyed before it had a verdict. */
  isHopeless(id: string, lost: ReadonlySet<string>): boolean {
    if (this.facts.get(id)?.seq !== undefined || this.refused.has(id)) return false
    const message = this.facts.message(id)
    if (!message || lost.has(id)) return true
    const parents = message.changes.flatMap((change) => change?.meta.parentCanonicalIds ?? [])
    // One refused parent is enough of an answer; one that would have been, and is lost, is none.
    if (parents.some((parent) => this.refused.has(parent))) return false
    return parents.some((parent) => this.isHopeless(parent, lost))
  }

  /** Messages of a device that nobody will ever answer. */
  hopelessOf(device: string, lost: ReadonlySet<string>): number {
    const messages = [
      ...this.facts.unlinked(),
      ...[...this.facts.all()].map(({ message }) => message),
    ]
    return messages.filter(
      ({ id, header }) =>
        this.deviceOf.get(header.sessionId) === device && this.isHopeless(id, lost),
    ).length
  }

  /** Refused itself, or standing on something that was. */
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
