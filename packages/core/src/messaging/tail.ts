/**
 * How canonical facts reach the repo: runs of the tail in seq order, and snapshots. One call is one
 * step: all of its messages are taken in, or none, and subscribers are called once.
 *
 *   a run that is known     skipped           a run beyond the next seq     a gap: ask again
 */
import type { Uuid } from '../base/uuid.ts'
import { PageLoader } from '../fold/snapshot.ts'
import { Entry, type SessionRef, applyAssigned, giveReview } from '../history/entry.ts'
import type { Message, Position, Review } from '../message/message.ts'
import { type PageEntity, readPage } from '../protocol/pages.ts'
import { type Run, readRun } from '../protocol/runs.ts'
import type { Repo } from '../repo/repo.ts'
import type { Reg } from '../schema/registers.ts'
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
  | { readonly kind: 'malformed'; readonly message: string }

/** Own messages by the names an author gives them: still in the outbox, or kept by storage. */
export type FindOwn = (sessionId: Uuid, clientSeq: number) => Entry | Message | undefined

interface Step {
  readonly entry: Entry
  readonly review: Review
  /** It is shown as pending. */
  readonly isPending: boolean
}

export interface TailParts {
  readonly findOwn: FindOwn
  /** The entry of an own message without a verdict, shown or not. */
  readonly findWaiting: (sessionId: Uuid, clientSeq: number) => Entry | undefined
}

export class TailReader {
  readonly #repo: Repo
  readonly #space: Uuid
  readonly #findOwn: FindOwn
  readonly #findWaiting: TailParts['findWaiting']
  readonly #sessions = new Map<Uuid, SessionRef>()
  #position: Position | null = null

  constructor(repo: Repo, space: Uuid, { findOwn, findWaiting }: TailParts) {
    this.#repo = repo
    this.#space = space
    this.#findOwn = findOwn
    this.#findWaiting = findWaiting
  }

  get position(): Position | null {
    return this.#position
  }

  /** Forgets where it is; the next thing must be a snapshot or a tail from the start. */
  reset(): void {
    this.#position = null
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
    const seq = this.#position?.seq ?? 0
    const fresh = runs.filter((run) => run.fromSeq + run.count - 1 > seq)
    if (fresh.length === 0) return position.seq > seq ? { kind: 'gap' } : { kind: 'known' }
    if (!isContiguous(fresh, seq)) return { kind: 'gap' }
    const steps = this.#steps(fresh, by, seq)
    if (!Array.isArray(steps)) return steps
    const settled = steps.flatMap((step) => this.#apply(step) ?? [])
    this.#position = position
    this.#repo.emit()
    return { kind: 'applied', settled }
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
    const { messages } = this.#repo
    const loader = new PageLoader()
    const acked = new Map([...settled].filter(([entry]) => !entry.review))
    for (const { message } of entities.flatMap(({ writes }) => writes)) {
      const { id, sessionId, clientSeq, review } = message
      messages.noteCanonical(id)
      const entry = messages.find(sessionId, clientSeq)
      if (entry) acked.set(entry, review)
      else messages.noteAccepted(sessionId, clientSeq)
    }
    for (const [entry, review] of acked) this.#repo.acceptContained(entry, review)
    for (const entity of entities) {
      const { registers } = this.#repo.tableNamed(entity.type)
      this.#repo.replaceCanonical(entity.type, entity.id, loader.state(entity, registers))
    }
    return [...acked.keys()]
  }

  /** What is to be done, without anything of it being done. */
  #steps(runs: readonly Run[], by: Reviewing, after: number): Step[] | TailOutcome {
    const steps: Step[] = []
    let next = after + 1 // runs may overlap
    for (const run of runs) {
      for (let offset = Math.max(0, next - run.fromSeq); offset < run.count; offset++) {
        const found = this.#found(run, offset)
        if ('kind' in found) return found
        const review = reviewOf(run, offset, by)
        const fault = this.#assignedFault(found.entry, review)
        if (fault) return { kind: 'malformed', message: fault }
        steps.push({ ...found, review })
      }
      next = Math.max(next, run.fromSeq + run.count)
    }
    return steps
  }

  #found({ body }: Run, offset: number): Omit<Step, 'review'> | TailOutcome {
    const named =
      body.kind === 'own'
        ? { sessionId: body.sessionId, clientSeq: body.clientSeqs[offset]! }
        : body.messages[offset]!.header
    const own = this.#findOwn(named.sessionId, named.clientSeq)
    const message = body.kind === 'messages' ? body.messages[offset]! : own
    if (!message) return { kind: 'gap' }
    if (this.#repo.messages.isAccepted(named.sessionId, named.clientSeq))
      return { kind: 'malformed', message: `message ${message.id} is reviewed twice` }
    const shown = this.#repo.messages.find(named.sessionId, named.clientSeq)
    if (shown?.id === message.id) return { entry: shown, isPending: true }
    // Refused here once, and accepted now, or never shown: it joins like any other.
    if (message instanceof Entry) return { entry: message, isPending: false }
    const entry = intake(message, {
      session: this.#session(message),
      arrival: 0,
      tableOf: (type) => this.#repo.tableNamed(type).registers,
    })
    return { entry, isPending: false }
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

  /** Returns the own entry that has its verdict by this, if it is one. */
  #apply({ entry, review, isPending }: Step): Entry | undefined {
    const { messages } = this.#repo
    applyAssigned(entry, review, (type) => this.#repo.tableNamed(type).registers)
    messages.noteCanonical(entry.id)
    if (isPending) {
      this.#repo.accept(entry, review)
      return entry
    }
    giveReview(entry, review)
    const { sessionId } = entry.session
    const waiting = this.#findWaiting(sessionId, entry.clientSeq)
    messages.noteAccepted(sessionId, entry.clientSeq)
    this.#repo.addCanonical(entry)
    if (waiting?.id !== entry.id) return undefined
    // It could not be shown before its verdict.
    giveReview(waiting, review)
    return waiting
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
