/**
 * How canonical facts reach the repo: runs of the tail in seq order, snapshots, and the mend
 * of an entity whose history is not here. One call is one step: all of its messages are taken
 * in, or none, and subscribers hear of it once.
 *
 *   a run that is known     skipped           a run beyond the next seq     a gap: ask again
 *   a parent not known      the tail waits, its entities are asked for, and their states at a
 *                           later position P replace them in the same step that reaches P
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import { stateReviewedBases } from '../fold/base.ts'
import { PageLoader } from '../fold/snapshot.ts'
import type { EntityState } from '../fold/state.ts'
import { Entry, type SessionRef, applyAssigned } from '../log/entry.ts'
import type { Limits } from '../message/limits.ts'
import type { Message, Position, Review } from '../message/message.ts'
import { type PageEntity, readPage } from '../protocol/pages.ts'
import { type Run, readRun } from '../protocol/runs.ts'
import type { Reg, RegisterTable } from '../schema/registers.ts'
import type { Repo } from '../repo/repo.ts'
import { intake } from './materialize.ts'

/** Who reviews, as the present epoch record says. */
export interface Reviewing {
  readonly reviewerId: Uuid
  readonly eid: Uuid
  readonly epoch: number
}

export type TailOutcome =
  /** Taken in. `settled` are own entries that got their review. */
  | { readonly kind: 'applied'; readonly settled: readonly Entry[] }
  /** All of it was known. */
  | { readonly kind: 'known' }
  /** Something before it is missing: ask for everything since the position. */
  | { readonly kind: 'gap' }
  /** Waits for the states of these entities. */
  | { readonly kind: 'mend'; readonly ids: readonly Uuid[] }
  /** More waits for states than is kept: only a snapshot leads on. */
  | { readonly kind: 'overfull' }
  | { readonly kind: 'malformed'; readonly message: string }

/** Own messages by the names an author gives them: still in the outbox, or kept by storage. */
export type FindOwn = (sessionId: Uuid, clientSeq: number) => Entry | Message | undefined

interface Step {
  readonly entry: Entry
  readonly review: Review
  readonly own: boolean
}

export interface TailParts {
  readonly findOwn: FindOwn
  /** Runs that wait for a mend, at the most; beyond it a snapshot is fetched. */
  readonly limits: Pick<Limits, 'waitingRunsMax'>
}

export class TailReader {
  readonly #repo: Repo
  readonly #space: Uuid
  readonly #findOwn: FindOwn
  readonly #waitingRunsMax: number
  readonly #sessions = new Map<Uuid, SessionRef>()
  #position: Position | null = null
  #waiting: Run[] = []
  #mending: ReadonlySet<Uuid> = new Set()

  constructor(repo: Repo, space: Uuid, { findOwn, limits }: TailParts) {
    this.#repo = repo
    this.#space = space
    this.#findOwn = findOwn
    this.#waitingRunsMax = limits.waitingRunsMax
  }

  get position(): Position | null {
    return this.#position
  }

  get mending(): boolean {
    return this.#mending.size > 0
  }

  /** Forgets where it is; the next thing must be a snapshot or a tail from the start. */
  reset(): void {
    this.#position = null
    this.stopWaiting()
  }

  stopWaiting(): void {
    this.#waiting = []
    this.#mending = new Set()
  }

  /** Runs in seq order, up to `position`. */
  tail(json: readonly unknown[], position: Position, by: Reviewing): TailOutcome {
    const runs: Run[] = []
    for (const item of json) {
      const run = readRun(item, this.#space)
      if (!run.ok) return { kind: 'malformed', message: run.error.message }
      runs.push(run.value)
    }
    const last = runs.at(-1)
    const ends = last && last.fromSeq + last.count - 1
    if (ends !== position.seq || position.eid !== by.eid) {
      return { kind: 'malformed', message: 'a tail that does not end at its position' }
    }
    if (this.mending) {
      if (this.#waiting.length + runs.length > this.#waitingRunsMax) return { kind: 'overfull' }
      this.#waiting.push(...runs)
      return { kind: 'mend', ids: [...this.#mending] }
    }
    return this.#take(runs, position, by)
  }

  #take(runs: readonly Run[], position: Position, by: Reviewing): TailOutcome {
    const seq = this.#position?.seq ?? 0
    const fresh = runs.filter((run) => run.fromSeq + run.count - 1 > seq)
    if (fresh.length === 0) return position.seq > seq ? { kind: 'gap' } : { kind: 'known' }
    if (!isContiguous(fresh, seq)) return { kind: 'gap' }
    const plan = this.#plan(fresh, { by, after: seq, skip: undefined })
    if ('kind' in plan) return plan
    if ('missing' in plan) {
      this.#mending = new Set(plan.missing)
      this.#waiting.push(...fresh)
      return { kind: 'mend', ids: plan.missing }
    }
    this.#apply(plan.steps, undefined)
    this.#position = position
    this.#repo.emit()
    return { kind: 'applied', settled: ownOf(plan.steps) }
  }

  /** The answer to a mend: the states of `ids` at `position`. */
  mend(
    ids: readonly Uuid[],
    page: unknown,
    at: { position: Position; by: Reviewing },
  ): TailOutcome {
    if (!this.mending) return { kind: 'known' }
    const answered = new Set(ids)
    const seq = this.#position?.seq ?? 0
    const runs = this.#waiting.filter((run) => {
      const last = run.fromSeq + run.count - 1
      return last > seq && last <= at.position.seq
    })
    const reaches =
      runs.length > 0 && runs.at(-1)!.fromSeq + runs.at(-1)!.count - 1 === at.position.seq
    const covers = [...this.#mending].every((id) => answered.has(id))
    if (!covers || !reaches || !isContiguous(runs, seq)) return { kind: 'gap' }
    const entities = readPage(page)
    if (!entities.ok) return { kind: 'malformed', message: entities.error.message }
    const plan = this.#plan(runs, { by: at.by, after: seq, skip: answered })
    if ('kind' in plan) return plan
    if ('missing' in plan) {
      this.#mending = new Set([...this.#mending, ...plan.missing])
      return { kind: 'mend', ids: [...this.#mending] }
    }
    this.#apply(plan.steps, answered)
    const acked = this.#replace(entities.value)
    this.#position = at.position
    this.stopWaiting()
    this.#repo.emit()
    return { kind: 'applied', settled: [...ownOf(plan.steps), ...acked] }
  }

  /**
   * Everything at a position, in the place of all canonical state. `settled`: pending entries that
   * it contains though it names them nowhere, because others have followed them.
   */
  snapshot(
    pages: readonly unknown[],
    { position, settled }: { position: Position; settled: ReadonlyMap<Entry, Review> },
  ): TailOutcome {
    const entities: PageEntity[] = []
    for (const page of pages) {
      const read = readPage(page)
      if (!read.ok) return { kind: 'malformed', message: read.error.message }
      entities.push(...read.value)
    }
    this.stopWaiting()
    const present = new Set(entities.map((entity) => entity.id))
    for (const table of this.#repo.tables()) {
      const gone = [...table.rows()].filter((row) => !present.has(row.id))
      for (const row of gone) table.replaceCanonical(row.id, undefined)
    }
    const acked = this.#replace(entities, settled)
    this.#position = position
    this.#repo.emit()
    return { kind: 'applied', settled: acked }
  }

  /** Shows these states; pending entries that turn out to be in them are settled. */
  #replace(
    entities: readonly PageEntity[],
    settled: ReadonlyMap<Entry, Review> = new Map(),
  ): Entry[] {
    const loader = new PageLoader(this.#repo.messages)
    const states: { entity: PageEntity; state: EntityState }[] = []
    const acked = new Map([...settled].filter(([entry]) => !entry.review))
    for (const entity of entities) {
      for (const { message } of entity.writes) {
        const entry = this.#repo.messages.get(message.id)
        if (entry && !entry.review) acked.set(entry, message.review)
      }
    }
    for (const [entry, review] of acked) this.#repo.acceptContained(entry, review)
    for (const entity of entities) {
      const table = this.#repo.tableNamed(entity.type)
      this.#assignFrom(entity, table.registers)
      states.push({ entity, state: loader.state(entity, table.registers) })
    }
    for (const { entity, state } of states)
      this.#repo.replaceCanonical(entity.type, entity.id, state)
    return [...acked.keys()]
  }

  /** A page names what was assigned among the values of a write that is known here without it. */
  #assignFrom(entity: PageEntity, registers: RegisterTable): void {
    for (const { message, regs, values } of entity.writes) {
      const write = this.#repo.messages.writeOf(message.id, entity.id)
      if (write?.kind !== 'create' || regs.every((reg) => write.regs.names.includes(reg))) continue
      write.assign(Object.fromEntries(regs.map((reg, i) => [reg, values[i]!])), registers)
    }
  }

  /** Takes messages in without showing anything; on a missing parent nothing has happened. */
  #plan(
    runs: readonly Run[],
    context: { by: Reviewing; after: number; skip: ReadonlySet<Uuid> | undefined },
  ): { steps: Step[] } | { missing: readonly Uuid[] } | TailOutcome {
    const steps: Step[] = []
    const added: Uuid[] = []
    const missing = new Set<Uuid>()
    const undo = (): void => added.forEach((id) => this.#repo.messages.delete(id))
    let next = context.after + 1 // a run may come twice while another is waited for
    for (const run of runs) {
      for (let offset = Math.max(0, next - run.fromSeq); offset < run.count; offset++) {
        const found = this.#resolve(run, offset, context.skip)
        if ('kind' in found) {
          undo()
          return found
        }
        if ('entityIds' in found) {
          for (const id of found.entityIds) missing.add(id)
          continue
        }
        const review = reviewOf(run, offset, context.by)
        const fault = this.#assignedFault(found.entry, review)
        if (fault) {
          undo()
          return { kind: 'malformed', message: fault }
        }
        if (!this.#repo.messages.get(found.entry.id)) {
          this.#repo.messages.add(found.entry)
          added.push(found.entry.id)
        }
        steps.push({ ...found, review })
      }
      next = Math.max(next, run.fromSeq + run.count)
    }
    if (missing.size === 0) return { steps }
    undo()
    return { missing: [...missing] }
  }

  #resolve(
    run: Run,
    offset: number,
    skip: ReadonlySet<Uuid> | undefined,
  ): { entry: Entry; own: boolean } | { entityIds: readonly Uuid[] } | TailOutcome {
    const { body } = run
    const found =
      body.kind === 'own'
        ? this.#findOwn(body.sessionId, body.clientSeqs[offset]!)
        : body.messages[offset]
    if (!found) return { kind: 'gap' }
    const known = this.#repo.messages.get(found.id) ?? (found instanceof Entry ? found : undefined)
    if (known) {
      if (known.review)
        return { kind: 'malformed', message: `message ${known.id} is reviewed twice` }
      // Refused here once, and accepted now: then nothing of it is pending, and it joins like any other.
      return { entry: known, own: known.state !== 'rejected' && known.state !== 'blocked' }
    }
    assert('header' in found, 'a message is an entry or it has a header')
    const entry = intake(found, {
      index: this.#repo.messages,
      session: this.#session(found),
      arrival: 0,
      tableOf: (type) => this.#repo.tableNamed(type).registers,
      skip,
    })
    return 'entityIds' in entry ? entry : { entry, own: false }
  }

  /**
   * A reviewer assigns what a type declares as assigned, and never writes what is an author's to
   * write. A register that this build does not know is one of a newer version, and kept.
   */
  #assignedFault(entry: Entry, { assigned }: Review): string | undefined {
    for (const write of assigned ? entry.writes : []) {
      const { entity } = this.#repo.tableNamed(write.type)
      const given = Object.keys(assigned![write.index] ?? {})
      if (given.length > 0 && write.kind !== 'create')
        return `values assigned to a change of ${write.entityId} that is no creation`
      const isAuthors = (reg: Reg): boolean =>
        write.regs.names.includes(reg) || (!entity.each && entity.fieldAt(reg) !== undefined)
      const wrong = given.find((reg) => !entity.assigns(reg) && isAuthors(reg))
      if (wrong !== undefined) return `${write.type}.${wrong} assigned, which its author writes`
    }
    return undefined
  }

  #session({ header }: Message): SessionRef {
    let session = this.#sessions.get(header.sessionId)
    if (!session) {
      session = { authorId: header.authorId, sessionId: header.sessionId }
      this.#sessions.set(header.sessionId, session)
    }
    return session
  }

  #apply(steps: readonly Step[], skip: ReadonlySet<Uuid> | undefined): void {
    for (const { entry, review, own } of steps) {
      applyAssigned(entry, review, (type) => this.#repo.tableNamed(type).registers)
      stateReviewedBases(entry, review)
      if (own) {
        this.#repo.accept(entry, review, skip)
      } else {
        entry.review = review
        this.#repo.addCanonical(entry, skip)
      }
    }
  }
}

function reviewOf(run: Run, offset: number, by: Reviewing): Review {
  const assigned = run.assigned?.get(offset)
  const bases = run.bases?.get(offset)
  return {
    reviewerId: by.reviewerId,
    eid: by.eid,
    epoch: by.epoch,
    seq: run.fromSeq + offset,
    forked: run.forked.includes(offset),
    at: run.at,
    ...(assigned && { assigned }),
    ...(bases && { bases }),
  }
}

function isContiguous(runs: readonly Run[], after: number): boolean {
  let next = after + 1
  for (const run of runs) {
    if (run.fromSeq > next) return false
    next = run.fromSeq + run.count
  }
  return true
}

function ownOf(steps: readonly Step[]): Entry[] {
  return steps.filter((step) => step.own).map((step) => step.entry)
}
