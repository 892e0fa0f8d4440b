/**
 * The verdict on one verified message: from the message, the batch it joins, and what the
 * deployment declared; pure, as its rules are. The order of the checks is that of SPEC.md, section 7.
 */
import { assert } from '../base/assert.ts'
import { jsonBytes } from '../base/json.ts'
import type { Bytes } from '../base/size.ts'
import { apply, sawAll } from '../fold/apply.ts'
import { basesFor } from '../fold/review-bases.ts'
import { isStateLargerThan, stateBytes } from '../fold/state-size.ts'
import { type EntityState, headsOf, joinFaultOf, liveOf, writesOf } from '../fold/state.ts'
import { hadRead, isNamed, saw } from '../history/saw.ts'
import { type Entry, type Write, applyAssigned } from '../history/entry.ts'
import { toEntry } from '../history/from-message.ts'
import { numberName, pendingIn } from '../history/names.ts'
import { versionOf } from '../base/uuid.ts'
import type { Limits } from '../facts/limits.ts'
import type { AuthoredMessage, Change } from '../facts/types.ts'
import type {
  Assigned,
  Bases,
  FinalReason,
  NackReason,
  Position,
  Standing,
} from '../facts/message.ts'
import { timestampFault } from '../facts/timestamp.ts'
import type { Entity } from '../schema/entity.ts'
import { fieldFault } from '../schema/field.ts'
import { isUnset } from '../schema/input.ts'
import { operationIn } from '../schema/operations.ts'
import { ARCHIVED } from '../schema/registers.ts'
import type { StatedBases } from '../wire/reviews.ts'
import { type Assigners, assignedTo } from './assign.ts'
import { boundsFault } from './bounds.ts'
import type { Ledger, SessionRecord } from './ledger.ts'
import { schemaFault, systemTypes } from './schema-rules.ts'
import type { SpaceRows } from './rows.ts'
import {
  type ReviewerRules,
  RuleFailure,
  type RuleParts,
  objection,
  unauthorised,
} from './rules.ts'
import { type Late, standingAgainst } from './standing.ts'
import type { Batch, SpaceState } from './space.ts'

export type Admission =
  | {
      readonly kind: 'accepted'
      readonly entry: Entry
      readonly states: readonly EntityState[]
      readonly forked: boolean
      /** What the reviewer gives to its creations, aligned with the changes; absent when nothing. */
      readonly assigned?: readonly Assigned[]
      /** What stood before the conflicts that it begins, aligned with the changes; absent when there are none. */
      readonly bases?: readonly StatedBases[] | undefined
    }
  | {
      readonly kind: 'rejected'
      readonly reason: FinalReason
      readonly detail: string
      readonly standing?: readonly Standing[]
    }
  | { readonly kind: 'nack'; readonly reason: NackReason; readonly detail: string }

export interface AdmitContext {
  readonly space: SpaceState
  readonly batch: Batch
  readonly ledger: Ledger
  /** The session of the message, as it was bound. */
  readonly record: SessionRecord
  /** The committed head before the batch. */
  readonly head: Position
  readonly limits: Limits
  /** Types the deployment knows; undefined: any type, unchecked. */
  readonly types: ReadonlyMap<string, Entity> | undefined
  /** What this batch has decided, by `numberName`; it is not in the ledger yet. */
  readonly decided: ReadonlyMap<string, 'accepted' | 'refused'>
  /** Rows for the rules and assigners of the deployment. */
  readonly rows: SpaceRows
  readonly rules: ReviewerRules
  readonly assigners: Assigners
  /** The reviewer's clock at this batch, ms since 1970. */
  readonly now: number
  /** Hears of a rule that failed; the message waits. */
  readonly onRuleFailure: (failure: RuleFailure, message: AuthoredMessage) => void
}

const reject = (reason: FinalReason, detail: string): Admission => ({
  kind: 'rejected',
  reason,
  detail,
})
const nack = (reason: NackReason, detail: string): Admission => ({ kind: 'nack', reason, detail })

/** `bytes`: of the lines of the message, with the head. */
export function admit(message: AuthoredMessage, bytes: Bytes, context: AdmitContext): Admission {
  try {
    return formFault(message, bytes, context) ?? judged(message, context)
  } catch (error) {
    if (!(error instanceof RuleFailure)) throw error
    context.onRuleFailure(error, message)
    return nack('unavailable', 'a rule of this reviewer failed; nothing was decided')
  }
}

/** What can be said without looking at what the message does to its entities. */
function formFault(
  message: AuthoredMessage,
  bytes: Bytes,
  context: AdmitContext,
): Admission | undefined {
  const { changes, clientSeq } = message
  const owner = ownerFault(message, context)
  if (owner) return owner
  const bounds = boundsFault(message, bytes, context.limits)
  if (bounds) return reject('too_large', bounds)
  const moment = timestampFault(message.time)
  if (moment) return reject('invalid', moment)
  if (verdictOn(message.session.facts.sessionId, clientSeq, context) !== 'unknown')
    return reject('seq_reused', `number ${clientSeq} of this session is another message`)
  const elsewhere = unknownHistory(message, context)
  if (elsewhere) return elsewhere
  for (const change of changes) {
    const unknown = unknownSchema(change, context)
    if (unknown) return unknown
  }
  for (const change of changes) {
    const fault =
      parentFault(change, message, context) ??
      valueFault(change, context) ??
      rootFault(change, message, context)
    if (fault) return fault
  }
  return undefined
}

/** Rules, then preconditions: who may not write learns nothing of what stands. @throws RuleFailure */
function judged(message: AuthoredMessage, context: AdmitContext): Admission {
  const { space, batch } = context
  const { authorId, sessionId } = message.session.facts
  const entry = toEntry(message, {
    session: { authorId, sessionId },
    arrival: 0,
    tableOf: (type) => space.registers(type),
  })
  assert(entry.writes.length === message.changes.length, 'a reviewer has every change')
  const before = entry.writes.map((write) => batch.state(write.entityId))
  const blind = blindFault(message, entry, { before, parentsMax: context.limits.parentsMax })
  if (blind !== undefined) return reject('invalid', blind)
  const parts = rulePartsOf(message, context)
  const refusal = unauthorised(entry, parts)
  if (refusal !== undefined) return reject('unauthorised', refusal)
  const published = schemaFault(entry, context.rows, batch)
  if (published !== undefined) return reject('invalid', published)
  const misfit = entry.writes.map((write, i) => joinFaultOf(before[i], write)).find(Boolean)
  if (misfit !== undefined) return reject('invalid', misfit)
  const bases = basesFor(entry, {
    before,
    changesOf: (id) => batch.changesOf(id),
    tableOf: (type) => space.registers(type),
  })
  for (const [i, write] of entry.writes.entries()) write.bases = bases && basesOf(bases[i])
  const states = entry.writes.map((write, i) => apply(before[i], write))
  const objected = objection(entry, states, parts)
  if (objected !== undefined) return reject('invalid', objected)
  const fault = expectFault(message, entry, context)
  if (fault) return fault
  const admission = joined(entry, states, context)
  return admission.kind === 'accepted' && bases ? { ...admission, bases } : admission
}

/** What the author has read is not of this reviewer's history: another one, or a later one that was lost. */
function unknownHistory(
  { seen }: AuthoredMessage,
  { head, space }: AdmitContext,
): Admission | undefined {
  // On a lineage that is unknown here the author has seen nothing.
  if (seen.eid !== head.eid || seen.seq === 0) return undefined
  if (seen.seq <= head.seq && space.chains.mayBe(seen.seq, seen.chain)) return undefined
  return nack('unknown_history', `the author has read up to ${seen.seq} of another history`)
}

/**
 * Of the heads that stand, the parents are exactly those that the author saw. Otherwise a number
 * that is too high would silently overwrite what somebody else wrote.
 */
function blindFault(
  { changes }: AuthoredMessage,
  { writes }: Entry,
  {
    before,
    parentsMax,
  }: { readonly before: readonly (EntityState | undefined)[]; readonly parentsMax: number },
): string | undefined {
  for (const [i, write] of writes.entries()) {
    const { parents } = changes[i]!
    const { canonical, own, others } = parents
    const isFull = canonical.length + own.length + others.length >= parentsMax
    for (const head of before[i] ? headsOf(before[i]) : []) {
      const isParent = isNamed(parents, write.entry, head)
      if (saw(write, head) === isParent) continue
      if (!isParent && isFull) continue // more heads than it can name
      return isParent
        ? `it names ${head.entry.id} as a parent, and its author had not read that far`
        : `its author had seen ${head.entry.id}, and it does not name it as a parent`
    }
  }
  return undefined
}

function rulePartsOf({ session }: AuthoredMessage, context: AdmitContext): RuleParts {
  const { record, rules, rows, batch, now } = context
  const { authorId } = session.facts
  const { personalId } = record
  return { rules, rows, batch, context: { authorId, personalId, at: now } }
}

/** What became of a message, in this batch or before. @throws Missing */
function verdictOn(
  sessionId: string,
  clientSeq: number,
  { decided, ledger }: AdmitContext,
): 'accepted' | 'refused' | 'unknown' {
  return (
    decided.get(numberName(sessionId, clientSeq)) ?? ledger.verdictOn(sessionId, clientSeq).kind
  )
}

/** Whose session it is was asked when its seal was checked. */
function ownerFault({ session }: AuthoredMessage, { record }: AdmitContext): Admission | undefined {
  return record.personalCommit === session.facts.personalCommit
    ? undefined
    : reject('unauthorised', 'the message commits to another person than its session')
}

/**
 * Whether what stood in its author's view without a verdict has one here. Canonical parents are below
 * what was seen, which is compared with the chain; which of them are heads is `blindFault`'s question.
 */
function parentFault(
  { parents, entityId, shape }: Change,
  { session }: AuthoredMessage,
  context: AdmitContext,
): Admission | undefined {
  for (const { sessionId, clientSeq } of pendingIn(parents, session.facts.sessionId)) {
    const verdict = verdictOn(sessionId, clientSeq, context)
    const parent = `its parent, message ${clientSeq} of session ${sessionId},`
    if (verdict === 'refused') return reject('parent_rejected', `${parent} was refused`)
    if (verdict === 'unknown') return nack('parent_unknown', `${parent} is not known here`)
  }
  const type = context.batch.typeOf(entityId)
  if (type === undefined && shape.kind !== 'create')
    return nack('parent_unknown', `${shape.type} ${entityId} is not known here`)
  if (type === undefined || type === shape.type) return undefined
  const reason = shape.kind === 'create' ? 'entity_exists' : 'invalid'
  return reject(reason, `${entityId} is a ${type}, not a ${shape.type}`)
}

function basesOf(stated: StatedBases | undefined): Bases | undefined {
  if (!stated) return undefined
  return Object.fromEntries(Object.entries(stated).map(([reg, { base }]) => [reg, base]))
}

/**
 * A minted id names the session that makes it, and nobody else may take it. Of a type that is not
 * known here, ids of version 8 are minted and those of other versions supplied.
 */
function rootFault(
  { shape, entityId, sid }: Change,
  { session }: AuthoredMessage,
  { batch, ledger, types }: AdmitContext,
): Admission | undefined {
  if (shape.kind !== 'create') return undefined
  const { authorId, sessionId } = session.facts
  const options = (types?.get(shape.type) ?? systemTypes.get(shape.type))?.options
  const isMinted = options ? options.idPolicy !== 'supplied' : versionOf(entityId) === 8
  if (isMinted && !ledger.minted(entityId, authorId, sid ?? sessionId))
    return reject('invalid', `the id ${entityId} was not minted by its author`)
  if (batch.state(entityId) && options?.onExists !== 'fork') {
    return reject('entity_exists', `${shape.type} ${entityId} exists`)
  }
  return undefined
}

/** What a reviewer cannot judge it leaves alone, before it looks at anything that it could refuse. */
function unknownSchema({ shape }: Change, { types }: AdmitContext): Admission | undefined {
  if (!types) return undefined
  const type = types.get(shape.type)
  if (!type) return nack('unknown_schema', `the type ${shape.type} is not known here`)
  if (shape.schemaVersion <= type.currentVersion) return undefined
  return nack('unknown_schema', `${shape.type} is known here up to version ${type.currentVersion}`)
}

function valueFault(
  { shape: meta, values }: Change,
  { types }: AdmitContext,
): Admission | undefined {
  const type = types?.get(meta.type)
  if (!type) return undefined
  const { schemaVersion: version } = meta
  for (const [i, reg] of meta.regs.entries()) {
    if (reg === ARCHIVED) continue
    const field = type.fieldAt(reg, version)
    if (!field) return reject('invalid', `${meta.type} has no field ${reg} in version ${version}`)
    if (type.assigns(reg))
      return reject('invalid', `${meta.type}.${reg} is assigned by the reviewer`)
    const fault = fieldFault(field, isUnset(values[i]) ? undefined : values[i])
    if (fault) return reject('invalid', `${meta.type}.${reg}: ${fault}`)
    const behind =
      version < type.currentVersion &&
      meta.kind !== 'create' &&
      type.lenses.writeFault(reg, version, type.currentVersion)
    if (behind) return reject('needs_upgrade', behind)
  }
  if (meta.kind !== 'create') return undefined
  const unknown = [...type.assignedFields].find(
    // What is assigned is a field: the type was refused otherwise.
    (name) => !type.fieldAt(type.fieldOf(name)!.reg, version),
  )
  if (unknown !== undefined)
    return reject('needs_upgrade', `${meta.type}.${unknown} is given from a later version on`)
  for (const field of type.versions[version - 1]?.values() ?? []) {
    if (meta.regs.includes(field.reg) || type.assigns(field.reg)) continue
    const fault = fieldFault(field, undefined)
    if (fault) return reject('invalid', `${meta.type}.${field.name}: ${fault}`)
  }
  return undefined
}

function expectFault(
  { expect = [] }: AuthoredMessage,
  entry: Entry,
  { batch }: AdmitContext,
): Admission | undefined {
  for (const expectation of expect) {
    const state = batch.state(expectation.entityId)
    if (state && !headsOf(state).every((head) => hadRead(entry, expectation, head)))
      return reject(
        'precondition_failed',
        `${expectation.entityId} has changed since its author looked at it`,
      )
  }
  return undefined
}

/** Refuses what came too late and what would leave too much standing, and gives what is to be given. */
function joined(entry: Entry, states: readonly EntityState[], context: AdmitContext): Admission {
  const { batch, limits, types } = context
  assert(states.length === entry.writes.length, 'each write leads to a state')
  const late: Late[] = []
  let forked = false
  for (const write of entry.writes) {
    const before = batch.state(write.entityId)
    if (before && isCompareAndSet(write) && !sawAllLive(before, write)) late.push({ write, before })
    const beside = before !== undefined && !sawAll(write, headsOf(before))
    if (beside && write.kind === 'update' && types?.get(write.type)?.options.stale === 'reject')
      late.push({ write, before })
    forked ||= beside
  }
  if (late.length > 0) {
    const detail = 'somebody wrote the same before this change arrived'
    const standing = standingAgainst(late, limits)
    return { kind: 'rejected', reason: 'stale', detail, standing }
  }
  for (const [i, after] of states.entries()) {
    const crowd = crowdFault(after, entry.writes[i]!, limits)
    if (crowd) return nack('contested', crowd)
    const large = sizeFault(after, entry.writes[i]!, context)
    if (large) return reject('too_large', large)
  }
  const assigned = assignedTo(entry.writes, context)
  if (!assigned) return { kind: 'accepted', entry, states, forked }
  if (jsonBytes(assigned) > limits.messageBytesMax)
    return reject(
      'too_large',
      `what is assigned to it has more than ${limits.messageBytesMax} bytes`,
    )
  applyAssigned(entry, { assigned }, (type) => context.space.registers(type))
  const given = entry.writes.map((write) => apply(batch.state(write.entityId), write))
  return { kind: 'accepted', entry, states: given, forked, assigned }
}

function isCompareAndSet(write: Write): boolean {
  return write.kind === 'resolve' || write.kind === 'migrate'
}

function sawAllLive(before: EntityState, write: Write): boolean {
  // What it keeps it has not decided, and an operation decides nothing: there is no race about them.
  const decided = write.regs.slots.filter((_, i) => {
    const reg = write.regs.names[i]!
    return !write.keep?.has(reg) && !operationIn(write.values[reg])
  })
  return decided.every((slot) => writesOf(liveOf(before, slot)).every((live) => saw(write, live)))
}

/** What a newcomer could not take in is not accepted; what makes it smaller always is. */
function sizeFault(after: EntityState, write: Write, context: AdmitContext): string | undefined {
  const { entityBytesMax, messageBytesMax } = context.limits
  // A creation is no larger than its message.
  if (after === write && messageBytesMax <= entityBytesMax) return undefined
  const table = context.space.registers(write.type)
  if (!isStateLargerThan(after, table, entityBytesMax)) return undefined
  const before = context.batch.state(write.entityId)
  if (before && stateBytes(after, table) <= stateBytes(before, table)) return undefined
  return `${write.type} ${write.entityId} would have more than ${entityBytesMax} bytes`
}

/** A late write waits until somebody has resolved the conflict it would join. */
function crowdFault(after: EntityState, write: Write, limits: Limits): string | undefined {
  const crowded = write.regs.names.find(
    (_, i) => writesOf(liveOf(after, write.regs.slots[i]!)).length > limits.liveWritesMax,
  )
  return crowded === undefined
    ? undefined
    : `${write.type}.${crowded} has ${limits.liveWritesMax} values that wait for somebody to resolve them`
}
