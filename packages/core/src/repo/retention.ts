/**
 * Letting go of history. What the fold needs of an entity is its heads, its live writes and its
 * first root; everything else is kept only while it is recent, because a late author may still
 * name it as a parent. Ancestry among what stays is kept exactly. A parent that was let go is
 * asked for again (`messaging/tail.ts`), so the window costs a question, never a wrong answer.
 */
import type { Uuid } from '../base/uuid.ts'
import { type EntityState, createdOf, headsOf, liveWritesOf } from '../fold/state.ts'
import { markRelinked } from '../log/ancestry.ts'
import type { Entry, Write } from '../log/entry.ts'
import type { MessageIndex } from '../log/messages.ts'

/** Canonical messages that stay whole, and how many more gather before the oldest are let go. */
export interface RetentionWindow {
  readonly messages: number
  readonly slack: number
}

/** What stands of one entity: its states, canonical and shown, and what is pending. */
export interface Standing {
  readonly states: readonly EntityState[]
  readonly pending: readonly Write[]
}

export type StandingOf = (type: string, id: Uuid) => Standing

export class Retention {
  readonly #index: MessageIndex
  readonly #standingOf: StandingOf
  readonly #window: RetentionWindow
  #recent: Entry[] = []

  constructor(index: MessageIndex, standingOf: StandingOf, window: RetentionWindow) {
    this.#index = index
    this.#standingOf = standingOf
    this.#window = window
  }

  /** A message became canonical here. */
  note(entry: Entry): void {
    this.#recent.push(entry)
    if (this.#recent.length >= this.#window.messages + this.#window.slack) this.#release()
  }

  clear(): void {
    this.#recent = []
  }

  /** Amortised: each entity of the oldest messages is walked once for all of them. */
  #release(): void {
    const old = this.#recent.splice(0, this.#window.slack)
    const recent = new Set(this.#recent)
    const done = new Set<Uuid>()
    for (const { type, entityId } of old.flatMap((entry) => entry.writes)) {
      if (done.has(entityId)) continue
      done.add(entityId)
      for (const write of unlinkHistory(this.#standingOf(type, entityId), recent)) this.#drop(write)
    }
  }

  #drop(write: Write): void {
    const { entry } = write
    const at = entry.writes.indexOf(write)
    if (at < 0) return // let go before; an older link led here
    entry.writes.splice(at, 1)
    if (entry.writes.length === 0) this.#index.delete(entry.id)
  }
}

/**
 * Links what stays past what goes, and returns what went. What stays: what a state shows or
 * stands on, what is in `recent`, what is pending, and what that names as its parents, since it
 * may not have been put into words yet.
 */
export function unlinkHistory(
  { states, pending }: Standing,
  recent: ReadonlySet<Entry>,
): readonly Write[] {
  const needed = new Set<Write>(pending.flatMap((write) => [write, ...write.parents]))
  for (const state of states) {
    needed.add(createdOf(state))
    for (const head of headsOf(state)) needed.add(head)
    for (const write of liveWritesOf(state)) needed.add(write)
  }
  const stays = (write: Write): boolean => needed.has(write) || recent.has(write.entry)
  const gone = new Set<Write>()
  const seen = new Set<Write>(needed)
  const open = [...needed]
  for (let write = open.pop(); write; write = open.pop()) {
    if (!write.parents.every(stays)) {
      write.parents = nearestStaying(write.parents, stays, gone)
      markRelinked(write)
    }
    for (const parent of write.parents) {
      if (seen.has(parent)) continue
      seen.add(parent)
      open.push(parent)
    }
  }
  return [...gone]
}

function nearestStaying(
  parents: readonly Write[],
  stays: (write: Write) => boolean,
  gone: Set<Write>,
): readonly Write[] {
  const nearest = new Set<Write>()
  const seen = new Set<Write>(parents)
  const open = [...parents]
  for (let write = open.pop(); write; write = open.pop()) {
    if (stays(write)) {
      nearest.add(write)
      continue
    }
    gone.add(write)
    for (const parent of write.parents) {
      if (seen.has(parent)) continue
      seen.add(parent)
      open.push(parent)
    }
  }
  return [...nearest]
}
