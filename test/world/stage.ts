/**
 * The part of the world that an actor can use. The world is built in layers, and imports run one
 * way, types included:
 *
 *   violation tally plan entities faults lies logins                          what may be
 *   seen drafted chain-by-hand │ facts truth scan sight secrets        what is known
 *   stage                                                              this interface
 *   device visit watch │ reviewer-node │ strange-* stranger liar flooder │ observer   the actors
 *   world                                                              who is there
 *   workloads/ conductor invariants/final run                          what happens to them
 *   pool print planted cli                                             many worlds
 *
 * An actor that needs more than this declares an interface of its own, which the world implements.
 */
import type { KeyPair } from '@countersign/core/ports'
import type { FaultySpaces, FaultyWire, VirtualClock } from '@countersign/core/testing'
import type { Faults } from './faults.ts'
import type { Logins } from './logins.ts'
import type { Secrets } from './secrets.ts'
import type { Plan } from './plan.ts'
import type { Tally } from './tally.ts'
import type { Truth } from './truth.ts'

export interface Stage {
  readonly plan: Plan
  readonly clock: VirtualClock
  readonly tally: Tally
  readonly truth: Truth
  readonly faults: Faults
  /** Where a seed has them. */
  readonly logins: Logins | undefined
  /** Where some rows are withheld. */
  readonly secrets: Secrets | undefined
  readonly wire: FaultyWire
  /** The reviewer's database. */
  readonly spaces: FaultySpaces
  /** The reviewer's. */
  readonly keys: KeyPair
  /** A line for the history, made only when it is read. */
  note(actor: string, text: () => string): void
  /** Runs a check wherever it is called from: a violation must not be swallowed by the code under test. */
  guard(check: () => void, who?: string): void
  /** Reports a violation; the first one counts. */
  fault(invariant: string, what: string): void
}
