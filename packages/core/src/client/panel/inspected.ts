/**
 * Outbox, repo and tail of a replica that report their steps to a feed while devtools are attached.
 * Otherwise each step costs one check for undefined.
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
    this.#reportRequeued(() => super.requeueAll())
  }

  override requeueUnanswered(before: number): void {
    this.#reportRequeued(() => super.requeueUnanswered(before))
  }

  override requeue(entry: Entry, restsUntil?: number): void {
    // One nack may list many messages of a flush; the first requeues the whole flush.
    if (entry.state === 'sent') this.#reportRequeued(() => super.requeue(entry, restsUntil))
  }

  override settle(entry: Entry): string | undefined {
    this.feed?.settled(entry)
    return super.settle(entry)
  }

  /** Runs `requeue`, and reports sent messages that are queued again. */
  #reportRequeued(requeue: () => void): void {
    const sent = this.feed && [...this.open()].filter(({ state }) => state === 'sent')
    requeue()
    for (const entry of sent ?? []) {
      if (entry.state !== 'sent') this.feed?.moved('waiting', entry)
    }
  }
}

/** Canonical messages kept for attached devtools; the store itself keeps only the writes that count. */
const RECENT_MAX = 4_096

export class InspectedRepo extends Repo {
  /** Messages that became canonical while a feed was attached, oldest first. */
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
