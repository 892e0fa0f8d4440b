/** Writes the steps of a replica to the feed of the devtools, while they are attached. */
import type { Position } from '../../facts/message.ts'
import type { Entry } from '../../history/entry.ts'
import { type ErasedBefore, eraseIn } from '../../history/erased.ts'
import type { MessageStep, StepWatcher } from '../../history/step-watcher.ts'
import type { Feed } from '../../inspect/feed.ts'
import type { Repo } from '../../rows/repo.ts'

/** Canonical messages kept for the devtools; the store itself keeps only the writes that count. */
const RECENT_MAX = 4_096

export class FeedWatcher implements StepWatcher {
  readonly feed: Feed
  /** Messages that became canonical since the devtools were attached, oldest first. */
  readonly recent: Entry[] = []
  readonly #repo: Repo

  constructor(feed: Feed, repo: Repo) {
    this.feed = feed
    this.#repo = repo
  }

  message(step: MessageStep, entry: Entry): void {
    switch (step) {
      case 'written':
        return this.feed.written(entry)
      case 'settled':
        return this.feed.settled(entry)
      case 'accepted':
        return this.#keep(entry)
      case 'arrived':
        this.#keep(entry)
        return this.feed.arrived(entry)
      default:
        return this.feed.moved(step, entry)
    }
  }

  snapshot(position: Position): void {
    let rows = 0
    for (const table of this.#repo.tables()) rows += table.size
    this.feed.snapshot(position, rows)
  }

  erased(erased: ErasedBefore): void {
    eraseIn(this.recent, erased)
    this.feed.erased()
  }

  #keep(entry: Entry): void {
    this.recent.push(entry)
    if (this.recent.length >= RECENT_MAX * 2) this.recent.splice(0, RECENT_MAX)
  }
}
