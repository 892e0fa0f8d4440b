/**
 * What was asked of the reviewer over one link and is not answered yet: everything since the
 * position, a whole snapshot, or the states of single entities (a mend).
 *
 *   all ──▶ tail*, page*, settled* (progress) ──▶ through: answered
 *   mend ─▶ entities; too many, or asked in vain: a snapshot instead, at growing intervals
 *
 * What shows no progress for 20 s is asked for again, whatever else arrives: a frame that others
 * caused says nothing about an answer that was lost. Runs may be either, so after 40 s without an
 * end they count no more; a reviewer that is still answering ignores the second want.
 */
import type { Uuid } from '../base/uuid.ts'
import type { Limits } from '../message/limits.ts'
import type { Position } from '../message/message.ts'
import { wantFrame } from '../protocol/frames.ts'

/** An offer without an answer, or a want without progress, for this long is made again. */
export const ANSWER_MS = 20_000
/** Mends that are asked for in vain before a snapshot is. */
const MENDS_MAX = 2
/** A second snapshot in the place of a mend waits this long after the first, the next twice as long. */
const SNAPSHOT_GAP_MS = 10_000
const SNAPSHOT_GAP_MAX_MS = 60_000

export interface WantsParts {
  readonly limits: Limits
  readonly now: () => number
  readonly position: () => Position | null
  readonly send: (frame: string) => void
}

type Scope = 'all' | 'snapshot'

export class Wants {
  readonly #parts: WantsParts
  #asked: { readonly scope: Scope; readonly atMs: number; progressMs: number } | undefined
  #mend: { readonly ids: ReadonlySet<Uuid>; atMs: number } | undefined
  #mendsInVain = 0
  #snapshots = 0
  #nextSnapshotMs = 0
  #isCaughtUp = false

  constructor(parts: WantsParts) {
    this.#parts = parts
  }

  get any(): boolean {
    return this.#asked !== undefined || this.#mend !== undefined
  }

  /** Whether a whole snapshot is waited for: what comes before it counts for nothing. */
  get isForSnapshot(): boolean {
    return this.#asked?.scope === 'snapshot'
  }

  /** Everything since the position, unless that is asked for already. */
  all(): void {
    if (!this.#asked) this.#ask('all')
  }

  /** The same, though an earlier answer may be on its way: it is known to be incomplete, or late. */
  again(): void {
    this.#ask(this.#asked?.scope ?? 'all')
  }

  /** All states in the place of what is here. */
  snapshot(): void {
    if (this.isForSnapshot) return
    const { now } = this.#parts
    this.#mend = undefined
    // Before its time it is only noted, and asked for by a later `tick`.
    if (now() < this.#nextSnapshotMs) this.#wait('snapshot', this.#nextSnapshotMs - ANSWER_MS)
    else this.#ask('snapshot')
  }

  /** The states of these entities; once for all that wait for the same ones. */
  mend(ids: readonly Uuid[]): void {
    const asked = this.#mend?.ids
    if (asked && ids.every((id) => asked.has(id))) return
    this.#askMend(ids)
  }

  /** A part of a snapshot has come, which is always an answer. */
  progress(): void {
    const now = this.#parts.now()
    if (this.#asked) this.#asked.progressMs = now
    if (this.#mend) this.#mend.atMs = now
  }

  /** Runs have come, which may be live ones: for so long, and no longer, they are taken for an answer. */
  tail(): void {
    const asked = this.#asked
    if (asked) asked.progressMs = Math.min(this.#parts.now(), asked.atMs + ANSWER_MS)
  }

  /** The reviewer tells nothing to a link without a session: it is asked again when one is bound. */
  unheard(): void {
    this.#asked = undefined
  }

  /** The end of an answer has come. Returns what was asked for last. */
  answered(): Scope | undefined {
    const scope = this.#asked?.scope
    this.#asked = undefined
    // Now the reviewer answers the mends that it has kept.
    if (this.#mend && !this.#isCaughtUp) this.#mend.atMs = this.#parts.now()
    this.#isCaughtUp = true
    return scope
  }

  mended(): void {
    this.#mend = undefined
    this.#mendsInVain = 0
  }

  /** What the mend was for is asked for from its beginning. */
  dropMend(): void {
    this.#mend = undefined
  }

  /** Time has passed. */
  tick(): void {
    const due = this.#parts.now() - ANSWER_MS
    if (this.#asked && this.#asked.progressMs <= due) this.#ask(this.#asked.scope)
    // While a first answer is under way the reviewer keeps mends until its end.
    const waits = this.#asked !== undefined && !this.#isCaughtUp
    if (this.#mend && !waits && this.#mend.atMs <= due) this.#askMend([...this.#mend.ids])
  }

  #ask(scope: Scope): void {
    const { now, position, send } = this.#parts
    if (scope === 'snapshot') {
      const gapMs = Math.min(SNAPSHOT_GAP_MAX_MS, SNAPSHOT_GAP_MS * 2 ** this.#snapshots++)
      this.#nextSnapshotMs = now() + gapMs
    }
    this.#wait(scope, now())
    send(wantFrame(scope, position()))
  }

  #wait(scope: Scope, atMs: number): void {
    this.#asked = { scope, atMs, progressMs: atMs }
  }

  #askMend(ids: readonly Uuid[]): void {
    const { limits, now, position, send } = this.#parts
    if (ids.length > limits.wantIdsMax || this.#mendsInVain >= MENDS_MAX) {
      this.snapshot()
      return
    }
    this.#mendsInVain++
    this.#mend = { ids: new Set(ids), atMs: now() }
    send(wantFrame(ids, position()))
  }
}
