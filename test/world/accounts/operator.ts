/**
 * The operator of a world of accounts (W15): revokes persons and single author ids at any moment, and
 * readmits them later. Has the invariants of revocation.
 *
 *   asked ─▶ in force ─▶ over
 */
import type { LateWork, Revoked, Reviewer, RuleContext } from '@countersign/core/reviewer'
import type { Random } from '../../model/random.ts'
import { must } from '../violation.ts'
import type { Owner, Truth, Written } from './truth.ts'

/** Time for which frames may arrive that the reviewer sent before it ended a link, in ms. */
const ON_ITS_WAY_MS = 200
/** Frames with content of the space. */
const READ: ReadonlySet<string> = new Set(['tail', 'page', 'settled', 'through', 'history', 'me'])

interface Mark {
  readonly who: Revoked
  readonly late: LateWork
  /** The reviewer's clock when the operator asked for it. */
  readonly askedAt: number
  forceAt: number
  overAt: number
}

export interface OperatorParts {
  readonly random: Random
  readonly persons: readonly string[]
  readonly truth: Truth
  /** The reviewer's clock. */
  readonly now: () => number
  readonly reviewer: () => Reviewer
  readonly failed: (error: unknown) => void
}

export class Operator {
  readonly #parts: OperatorParts
  readonly #marks: Mark[] = []

  constructor(parts: OperatorParts) {
    this.#parts = parts
  }

  /** Revokes a person or author id, or readmits one. Returns a description. */
  act(): string {
    const { random } = this.#parts
    const inForce = this.#marks.filter((mark) => this.#isInForce(mark))
    if (inForce.length > 0 && random.chance(0.5)) {
      const mark = random.pick(inForce)
      this.#readmit(mark.who)
      return `readmits ${nameOf(mark.who)}`
    }
    const who = this.#somebody()
    const isKnown = this.#marks.some((mark) => nameOf(mark.who) === nameOf(who) && !isOver(mark))
    if (isKnown) return `leaves ${nameOf(who)} alone`
    const late = random.pick(['taken', 'taken', 'refused'] as const)
    this.#revoke(who, late)
    return `revokes ${nameOf(who)}; what comes late is ${late}`
  }

  /** Readmits all. */
  readmitAll(): void {
    for (const mark of this.#marks) if (!isOver(mark)) this.#readmit(mark.who)
  }

  #somebody(): Revoked {
    const { random, persons, truth } = this.#parts
    const authors = truth.authors()
    if (authors.length > 0 && random.chance(0.4)) return { authorId: random.pick(authors) }
    return { personalId: random.pick(persons) }
  }

  #revoke(who: Revoked, late: LateWork): void {
    const { reviewer, now, failed } = this.#parts
    const mark: Mark = { who, late, askedAt: now(), forceAt: Infinity, overAt: Infinity }
    this.#marks.push(mark)
    reviewer()
      .revoke(who, { late })
      .then(() => (mark.forceAt = now()), failed)
  }

  #readmit(who: Revoked): void {
    const { reviewer, now, failed } = this.#parts
    for (const mark of this.#marks) if (nameOf(mark.who) === nameOf(who)) mark.overAt = now()
    reviewer().readmit(who).catch(failed)
  }

  #isInForce({ forceAt, overAt }: Mark): boolean {
    const now = this.#parts.now()
    return forceAt <= now && overAt > now
  }

  /** Checks a message for which a rule is called: neither its author nor its person was revoked before it was written. */
  judged({ authorId, person }: RuleContext, written: Written): void {
    for (const mark of this.#marks) {
      const isTheirs =
        'authorId' in mark.who
          ? mark.who.authorId === authorId
          : person.proved && mark.who.personalId === person.id
      must(
        !isTheirs ||
          !this.#isInForce(mark) ||
          (mark.late === 'taken' && written.wroteAt <= mark.askedAt),
        'S17',
        () => `${nameOf(mark.who)} is revoked, and ${written.text} is judged`,
      )
    }
  }

  /** Checks a frame to a store: a revoked person gets no content of the space. */
  heard(owner: Owner, text: string): void {
    const kind = text.slice(2, text.indexOf('"', 2))
    if (!READ.has(kind)) return
    for (const mark of this.#marks) {
      const isTheirs = 'personalId' in mark.who && mark.who.personalId === owner
      const since = this.#parts.now() - mark.forceAt
      must(
        !isTheirs || !this.#isInForce(mark) || since < ON_ITS_WAY_MS,
        'S18',
        () => `${owner} is revoked for ${since} ms, and is sent a ${kind}`,
      )
    }
  }

  /** Whether a note may have been refused: it was written while its author or person was revoked, or could come too late. */
  mayMiss({ by, authorId, wroteAt }: Written): boolean {
    const { truth } = this.#parts
    return this.#marks.some(({ who, late, askedAt, overAt }) => {
      const isTheirs =
        'authorId' in who ? who.authorId === authorId : who.personalId === truth.nowOf(by)
      return isTheirs && wroteAt <= overAt && (late === 'refused' || wroteAt > askedAt)
    })
  }
}

function isOver({ overAt }: Mark): boolean {
  return overAt < Infinity
}

function nameOf(who: Revoked): string {
  return 'authorId' in who ? `author ${who.authorId}` : who.personalId
}
