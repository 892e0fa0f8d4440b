/**
 * Outbox, repo and tail as a replica holds them: the same, and they tell a feed what happens
 * while somebody looks. While nobody does, each step asks one reference whether it is there.
 */
import type { Feed } from '../../inspect/feed.ts'
import type { Entry } from '../../history/entry.ts'
import type { Review } from '../../facts/message.ts'
import { type Flush, Outbox } from '../../sync/outbox.ts'
import { type TailParts, TailReader } from '../../sync/tail.ts'
import { Repo } from '../../rows/repo.ts'

export class InspectedOutbox extends Outbox {
  feed: Feed | undefined

  override addDraft(entry: Entry): void {
    super.addDraft(entry)
    this.feed?.written(entry)
  }

  override release(flush: Flush, state: 'queued' | 'volatile'): void {
    super.release(flush, state)
    if (!this.feed) return
    for (const entry of flush.entries) if (entry.state === state) this.feed.moved(state, entry)
  }

  override takeOffers(...args: Parameters<Outbox['takeOffers']>): readonly Flush[] {
    const offers = super.takeOffers(...args)
    if (!this.feed || offers.length === 0) return offers
    for (const { entries } of offers) {
      for (const entry of entries) if (entry.state === 'sent') this.feed.moved('sent', entry)
    }
    return offers
  }

  override requeueAll(): void {
    this.#landing(() => super.requeueAll())
  }

  override requeueUnanswered(before: number): void {
    this.#landing(() => super.requeueUnanswered(before))
  }

  override requeue(entry: Entry, restsUntil?: number): void {
    // One nack names many of a flush, and the first of them lands it.
    if (entry.state === 'sent') this.#landing(() => super.requeue(entry, restsUntil))
  }

  override settle(entry: Entry): string | undefined {
    this.feed?.settled(entry)
    return super.settle(entry)
  }

  /** Tells of what was under way and waits again. */
  #landing(land: () => void): void {
    const sent = this.feed && [...this.open()].filter(({ state }) => state === 'sent')
    land()
    for (const entry of sent ?? []) {
      if (entry.state !== 'sent') this.feed?.moved('waiting', entry)
    }
  }
}

/** Canonical messages that are kept for whoever looks; a store itself keeps what counts of them. */
const RECENT_MAX = 4_096

export class InspectedRepo extends Repo {
  /** Messages that have become canonical while somebody looked, oldest first. */
  readonly recent: Entry[] = []
  #feed: Feed | undefined

  get feed(): Feed | undefined {
    return this.#feed
  }

  set feed(feed: Feed | undefined) {
    this.#feed = feed
    if (!feed) this.recent.length = 0
  }

  override addCanonical(entry: Entry): void {
    super.addCanonical(entry)
    this.#keep(entry)
    this.feed?.arrived(entry)
  }

  override accept(entry: Entry, review: Review): void {
    super.accept(entry, review)
    this.#keep(entry)
  }

  override acceptContained(entry: Entry, review: Review): void {
    super.acceptContained(entry, review)
    this.#keep(entry)
  }

  #keep(entry: Entry): void {
    if (!this.#feed) return
    this.recent.push(entry)
    if (this.recent.length >= RECENT_MAX * 2) this.recent.splice(0, RECENT_MAX)
  }
}

export class InspectedTail extends TailReader {
  readonly #repo: InspectedRepo

  constructor(repo: InspectedRepo, parts: TailParts) {
    super(repo, parts)
    this.#repo = repo
  }

  override snapshot(
    ...args: Parameters<TailReader['snapshot']>
  ): ReturnType<TailReader['snapshot']> {
    const outcome = super.snapshot(...args)
    const { feed } = this.#repo
    if (feed && outcome.kind === 'applied' && this.position) {
      let rows = 0
      for (const table of this.#repo.tables()) rows += table.size
      feed.snapshot(this.position, rows)
    }
    return outcome
  }
}
