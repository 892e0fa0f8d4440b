/**
 * The verdicts that apps got on their messages, compared with the reviewer's store, when nothing is left
 * to do.
 */
import type { Receipt, StandingValue, Verdict } from '@countersign/core'
import type { Fact } from '../facts.ts'
import type { Truth } from '../truth.ts'
import { must } from '../violation.ts'
import type { Visit } from '../visit.ts'

/** The final verdict of a receipt. */
export interface Ack {
  readonly visit: Visit
  readonly receipt: Receipt
  readonly verdict: Verdict
}

/**
 * A verdict that a store reports to its app equals the one in the reviewer's store at that moment.
 */
export function s3AckIsTrue(truth: Truth, { messageId }: Receipt, verdict: Verdict): void {
  const fact = truth.facts.get(messageId)
  const name = truth.facts.nameOf(messageId)
  if (verdict.verdict === 'accepted') {
    const seq = Number.parseInt(verdict.orderKey.split('.')[1]!, 16)
    must(fact?.seq === seq, 'S3', () => `${name} was acked at ${seq}, and stands at ${fact?.seq}`)
    return
  }
  // Messages that depend on a refused one may never have left their store, directly or not.
  const isRefused = !fact || truth.isRefused(messageId)
  must(isRefused, 'S3', () => `${name} was said to be refused (${verdict.reason}), and was not`)
}

/**
 * A verdict that a store has reported to its app equals the one in the reviewer's store, and stays
 * so.
 */
export function s3AcksAreDurable(truth: Truth, acks: readonly Ack[]): void {
  for (const { receipt, verdict } of acks) {
    s3AckIsTrue(truth, receipt, verdict)
    const { messageId, state } = receipt
    const name = truth.facts.nameOf(messageId)
    if (verdict.verdict === 'accepted') {
      must(state === 'accepted', 'S23', () => `${name} was acked, and is ${state} now`)
      continue
    }
    const isFinal = state === 'rejected' || state === 'blocked' || state === 'dismissed'
    must(isFinal, 'S23', () => `${name} was refused, and is ${state} now`)
  }
}

/** Refused for what others wrote. */
const TOLD: ReadonlySet<string> = new Set(['stale', 'contested'])

/** The loser of a race gets the values that won: accepted values that they had not seen. */
export function s10LosersAreTold(truth: Truth, acks: readonly Ack[]): void {
  for (const { visit, receipt, verdict } of acks) {
    const fact = truth.facts.get(receipt.messageId)
    const { reading } = visit
    const wrote = (by: Fact, { id, field }: StandingValue): boolean =>
      reading.given(by, truth.history(id)!, field) !== undefined
    if (verdict.verdict !== 'rejected' || !TOLD.has(verdict.reason) || !fact) continue
    const { reason, standing } = verdict
    // An author who keeps all values that they saw may fill a register, too.
    if (reason === 'contested' && standing.length === 0) continue
    must(standing.length > 0, 'S10', () => `${fact.name} is ${reason}, and nobody says over what`)
    for (const value of standing) {
      const other = truth.facts.get(value.messageId)
      must(
        other?.seq !== undefined && wrote(other, value) && wrote(fact, value),
        'S10',
        () => `${fact.name} hears of ${value.field} what ${other?.name} did not write`,
      )
    }
    const unseen = standing.some(({ id, messageId }) => {
      const history = truth.history(id)!
      return !history.isAncestor(messageId, receipt.messageId)
    })
    must(unseen, 'S10', () => `${fact.name} is ${reason} over values it had seen`)
  }
}

/** What was refused stays with its author until they have dealt with it. */
export function s4RefusalsAreKept(
  truth: Truth,
  acks: readonly Ack[],
  visits: readonly Visit[],
): void {
  for (const { store, name, device } of visits) {
    const listed = new Map(store.refused.snapshot().map((each) => [each.messageId, each]))
    for (const [id, { reason, state }] of listed) {
      // A message that a damaged disk has lost can only be written again; its dependents wait for
      // that, or are given up after two minutes (LOSS9).
      const isOfDisk = reason === 'damaged' || reason === 'parent_lost' || state === 'blocked'
      const isLost = device.hadTrouble && isOfDisk
      const isRefused = isLost || !truth.facts.message(id) || truth.isRefused(id)
      must(isRefused, 'S3', () => `${name} lists ${truth.facts.nameOf(id)} as refused`)
    }
    for (const { visit, receipt, verdict } of acks) {
      if (visit.store !== store || verdict.verdict === 'accepted') continue
      const isKept = receipt.state === 'dismissed' || listed.has(receipt.messageId)
      must(isKept, 'S4', () => `${name} has forgotten a refused message that nobody dismissed`)
    }
  }
}
