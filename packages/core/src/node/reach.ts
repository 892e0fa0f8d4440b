/**
 * Answers how far the next rows of scopes reach: the value that ends a page. It counts only rows that the
 * person of the link may read, and is a hint: rows that change meanwhile may be counted as they were.
 */
import type { Uuid } from '../base/uuid.ts'
import { valuesOf } from '../fold/in-scope.ts'
import type { Clock } from '../ports/clock.ts'
import { Missing } from '../review/missing.ts'
import { reviewerFrame } from '../wire/frames.ts'
import type { ReachFields } from '../wire/reach-frame.ts'
import { type Bound, isBoundValue, isInRange } from '../wire/scope-range.ts'
import type { Scope } from '../wire/scopes.ts'
import type { Connection } from './connection.ts'
import type { Readers } from './readers.ts'
import {
  AheadOfHere,
  type ScopeStatesParts,
  type StateOf,
  dirtyInScope,
  statesOfScope,
} from './scope-states.ts'

/** Questions of one link at a time; a further one is ignored, and asked again. */
const REACHES_MAX = 16

export interface ReachParts extends ScopeStatesParts {
  readonly readers: Readers
  readonly clock: Pick<Clock, 'after'>
  readonly onError: (error: unknown) => void
  /** Another process has committed to this space. */
  readonly onAhead: () => void
}

/** Answers one question. Never rejects: where the store fails, the link ends. */
export async function answerReach(
  connection: Connection,
  asked: ReachFields,
  parts: ReachParts,
): Promise<void> {
  const { reaches } = connection
  if (reaches.has(asked.no) || reaches.size >= REACHES_MAX) return
  reaches.add(asked.no)
  try {
    const answer = connection.answer()
    const to = await reachOf(connection, asked, parts)
    answer.send(reviewerFrame('reach', { no: asked.no, to }))
  } catch (error) {
    if (error instanceof AheadOfHere) parts.onAhead()
    else {
      parts.onError(error)
      connection.close('the store does not answer')
    }
  } finally {
    reaches.delete(asked.no)
  }
}

async function reachOf(
  connection: Connection,
  asked: ReachFields,
  parts: ReachParts,
): Promise<Bound['value'] | null> {
  const nearest = new Nearest(asked)
  for (const scope of asked.scopes) await addRows(nearest, scope, { connection, asked, parts })
  return nearest.end
}

interface Question {
  readonly connection: Connection
  readonly asked: ReachFields
  readonly parts: ReachParts
}

async function addRows(nearest: Nearest, scope: Scope, question: Question): Promise<void> {
  const { connection, asked, parts } = question
  const { space, clock } = parts
  const add = async (states: readonly StateOf[]): Promise<void> => {
    for (const one of states) {
      if (!(await isReadable(one, question))) continue
      const values = valuesOf(one.state, asked.reg, space.registers(one.type))
      nearest.add([...values].filter((value) => isCounted(value, scope, asked.reg)))
    }
  }
  const dirty = dirtyInScope(scope, space)
  const known = new Set<Uuid>(dirty.map(({ id }) => id))
  await add(dirty)
  for await (const states of statesOfScope(scope, parts)) {
    await add(states.filter(({ id }) => !known.has(id)))
    await new Promise<void>((resolve) => void clock.after(0, resolve))
    if (connection.closed) return
  }
}

/** Whether a value can end a page of that scope. */
function isCounted(value: unknown, { range }: Scope, reg: string): value is Bound['value'] {
  return isBoundValue(value) && (range?.reg !== reg || isInRange(value, range))
}

async function isReadable(one: StateOf, { connection, parts }: Question): Promise<boolean> {
  const { readers } = parts
  for (;;) {
    try {
      return readers.mayRead(connection, one)
    } catch (error) {
      if (!(error instanceof Missing)) throw error
      await readers.load(error)
    }
  }
}

/** The first values in one order, and whether there are any after them. */
class Nearest {
  readonly #most: number
  readonly #compare: (a: Bound['value'], b: Bound['value']) => number
  #values: Bound['value'][] = []
  #isMore = false

  constructor({ rows, isDown }: ReachFields) {
    this.#most = rows
    this.#compare = isDown ? (a, b) => compareBounds(b, a) : compareBounds
  }

  /** A row with these values; one without any comes after all others. */
  add(values: readonly Bound['value'][]): void {
    const [first] = [...values].sort(this.#compare)
    if (first === undefined) {
      this.#isMore = true
      return
    }
    this.#values.push(first)
    if (this.#values.length > this.#most * 4) this.#cut()
  }

  /** The value of the last of the first rows; null where no row comes after it. */
  get end(): Bound['value'] | null {
    this.#cut()
    return this.#isMore ? (this.#values[this.#most - 1] ?? null) : null
  }

  #cut(): void {
    const values = this.#values.sort(this.#compare)
    const last = values[this.#most - 1]
    // Those that are equal to the last one come with it.
    if (last !== undefined && values.at(-1) !== last) this.#isMore = true
    this.#values = values.slice(0, this.#most)
  }
}

/** Numbers before texts. */
function compareBounds(a: Bound['value'], b: Bound['value']): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}
