/**
 * Outbox, repo and tail as a replica holds them: the same, and they tell a feed what happens
 * while somebody looks. While nobody does, each step asks one reference whether it is there.
 */
import type { Uuid } from '../base/uuid.ts'
import type { Feed } from '../inspect/feed.ts'
import type { Entry } from '../log/entry.ts'
import { type Flush, Outbox } from '../messaging/outbox.ts'
import { type TailOutcome, type TailParts, TailReader } from '../messaging/tail.ts'
import { Repo } from '../repo/repo.ts'

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

export class InspectedRepo extends Repo {
  feed: Feed | undefined
  /** Who fills it. */
  tail: InspectedTail | undefined

  override addCanonical(entry: Entry, skip?: ReadonlySet<Uuid>): void {
    super.addCanonical(entry, skip)
    this.feed?.arrived(entry)
  }
}

export class InspectedTail extends TailReader {
  readonly #repo: InspectedRepo
  #wanted: readonly Uuid[] = []

  constructor(repo: InspectedRepo, space: Uuid, parts: TailParts) {
    super(repo, space, parts)
    this.#repo = repo
    repo.tail = this
  }

  /** Entities whose states were asked for, because a parent is not here. */
  get wanted(): readonly Uuid[] {
    return this.mending ? this.#wanted : []
  }

  override tail(...args: Parameters<TailReader['tail']>): TailOutcome {
    return this.#noted(super.tail(...args))
  }

  override mend(...args: Parameters<TailReader['mend']>): TailOutcome {
    return this.#noted(super.mend(...args))
  }

  override snapshot(...args: Parameters<TailReader['snapshot']>): TailOutcome {
    const outcome = super.snapshot(...args)
    const { feed } = this.#repo
    if (feed && outcome.kind === 'applied' && this.position) {
      let rows = 0
      for (const table of this.#repo.tables()) rows += table.size
      feed.snapshot(this.position, rows)
    }
    return outcome
  }

  #noted(outcome: TailOutcome): TailOutcome {
    if (outcome.kind === 'mend') this.#wanted = outcome.ids
    return outcome
  }
}
