/**
 * The verdict on one verified message, from the message, the batch that it joins, and the types and
 * rules of the deployment. Pure. The order of the checks is that of SPEC.md, section 7.
 */
import { assert } from '../base/assert.ts'
import { jsonBytes } from '../base/json.ts'
import type { Bytes } from '../base/size.ts'
import { apply, isForked } from '../fold/apply.ts'
import { basesFor } from '../fold/review-bases.ts'
import { isStateLargerThan, stateBytes } from '../fold/state-size.ts'
import { type EntityState, headsOf, joinFaultOf, liveOf, writesOf } from '../fold/state.ts'
import { hadRead, isNamed, saw } from '../history/saw.ts'
import { type Entry, type Readings, type Write, applyAssigned } from '../history/entry.ts'
import { toEntry } from '../history/from-message.ts'
import { pendingIn } from '../history/names.ts'
import { versionOf } from '../base/uuid.ts'
import type { Limits } from '../facts/limits.ts'
import type { AuthoredMessage, Change } from '../facts/types.ts'
import type {
  Assigned,
  Bases,
  FinalReason,
  NackReason,
  OtherPlace,
  Position,
  Standing,
} from '../facts/message.ts'
import { timestampFault } from '../facts/timestamp.ts'
import type { Entity } from '../schema/entity.ts'
import { fieldFault } from '../schema/field-input.ts'
import { isUnset } from '../schema/unset.ts'
import { operationIn } from '../schema/operations.ts'
import { ARCHIVED } from '../schema/registers.ts'
import type { StatedBases } from '../wire/reviews.ts'
import { type Assigners, assignedTo } from './assign.ts'
import { boundsFault } from './bounds.ts'
import { type AuthorContext, authorFault } from './author-faults.ts'
import { crowded } from './crowded.ts'
import type { Ledger } from './ledger.ts'
import { LoginNeeded } from './persons.ts'
import { type CanRead, mayRead } from './read-rights.ts'
import { schemaFault, systemTypes } from './schema-rules.ts'
import type { SpaceRows } from './rows.ts'
import {
  type ReviewRule,
  RuleFailure,
  type RuleParts,
  type Rules,
  objection,
  ruleContext,
  unauthorised,
} from './rules.ts'
import { type Late, standingAgainst } from './standing.ts'
import type { DecisionBatch, SpaceState } from './space.ts'

export type Admission =
  | {
      readonly kind: 'accepted'
      readonly entry: Entry
      readonly states: readonly EntityState[]
      readonly forked: boolean
      /** The values assigned to its creations, aligned with the changes; absent when there are none. */
      readonly assigned?: readonly Assigned[]
      /** The bases of the conflicts that it starts, aligned with the changes; absent when there are none. */
      readonly bases?: readonly StatedBases[] | undefined
      /** The last seqs that its author had read on lineages that its `seen` does not name. */
      readonly reads?: readonly OtherPlace[]
    }
  | {
      readonly kind: 'rejected'
      readonly reason: FinalReason
      readonly detail: string
      readonly standing?: readonly Standing[]
    }
  | { readonly kind: 'nack'; readonly reason: NackReason; readonly detail: string }

export interface AdmitContext extends AuthorContext {
  readonly space: SpaceState
  readonly batch: DecisionBatch
  readonly ledger: Ledger
  /** The committed head before the batch. */
  readonly head: Position
  readonly limits: Limits
  /** The types of the deployment; undefined: any type, unchecked. */
  readonly types: ReadonlyMap<string, Entity> | undefined
  /** The verdicts of this batch, by session and number; they are not in the ledger yet. */
  readonly decided: ReadonlyMap<string, ReadonlyMap<number, 'accepted' | 'refused'>>
  /** Rows for the rules and assigners of the deployment. */
  readonly rows: SpaceRows
  readonly rules: Rules
  readonly review: ReviewRule | undefined
  readonly canRead: CanRead | undefined
  readonly assigners: Assigners
  /** The reviewer's clock at this batch, ms since 1970. */
  readonly now: number
  /** Called when a rule fails; the message gets no verdict. */
  readonly onRuleFailure: (failure: RuleFailure, message: AuthoredMessage) => void
}

/** Sent to the author; the failure itself is reported to the operator only. */
const RULE_FAILS =
  'a rule of this reviewer failed: the message waits until its operator has fixed the rule'

/** Why a message that others have brought waits. */
const AUTHOR_IS_AWAY = 'a rule needs the login of its author, who is not there'

const reject = (reason: FinalReason, detail: string): Admission => ({
  kind: 'rejected',
  reason,
  detail,
})
const nack = (reason: NackReason, detail: string): Admission => ({ kind: 'nack', reason, detail })

/** Judges one message. `bytes`: the size of its lines, with the head. */
export function admit(message: AuthoredMessage, bytes: Bytes, context: AdmitContext): Admission {
  try {
    const admission = formFault(message, bytes, context) ?? judged(message, context)
    // What stands in a row is for those who may read.
    if (admission.kind !== 'rejected' || context.may.has('read')) return admission
    return reject(admission.reason, admission.detail)
  } catch (error) {
    if (error instanceof LoginNeeded) return nack('not_bound', AUTHOR_IS_AWAY)
    if (!(error instanceof RuleFailure)) throw error
    context.onRuleFailure(error, message)
    return nack('unavailable', RULE_FAILS)
  }
}

/** Checks the form of a message, without applying it to its entities. */
function formFault(
  message: AuthoredMessage,
  bytes: Bytes,
  context: AdmitContext,
): Admission | undefined {
  const { changes, clientSeq } = message
  // Checked first: a rejection for any other reason would give the number a second verdict.
  if (verdictOn(message.session.facts.sessionId, clientSeq, context) !== 'unknown')
    return reject('seq_reused', `number ${clientSeq} of this session is another message`)
  const owner = authorFault(message, context)
  if (owner) return owner
  const bounds = boundsFault(message, bytes, context.limits)
  if (bounds) return reject('too_large', bounds)
  const moment = timestampFault(message.time)
  if (moment) return reject('invalid', moment)
  const elsewhere = unknownHistory(message, context)
  if (elsewhere) return elsewhere
  for (const change of changes) {
    const unknown = unknownSchema(change, context)
    if (unknown) return unknown
  }
  const withheld = readFault(message, context)
  if (withheld) return withheld
  for (const change of changes) {
    const fault =
      parentFault(change, message, context) ??
      valueFault(change, context) ??
      rootFault(change, message, context)
    if (fault) return fault
  }
  return undefined
}

/** Checks rules, then preconditions, so that an unauthorised author learns nothing about the rows. @throws RuleFailure */
function judged(message: AuthoredMessage, context: AdmitContext): Admission {
  const { space, batch } = context
  const { authorId, sessionId } = message.session.facts
  const entry = toEntry(message, {
    session: { authorId, sessionId },
    arrival: 0,
    tableOf: (type) => space.registers(type),
  })
  assert(entry.writes.length === message.changes.length, 'a reviewer has every change')
  entry.readings = readingsOf(message, context)
  const before = entry.writes.map((write) => batch.state(write.entityId))
  const blind = blindFault(message, entry, { before, parentsMax: context.limits.parentsMax })
  if (blind !== undefined) return reject('invalid', blind)
  const parts = rulePartsOf(message, context)
  const refusal = context.places ? undefined : unauthorised(entry, parts)
  if (refusal !== undefined) return reject('unauthorised', refusal)
  const published = schemaFault(entry, context.rows, batch)
  if (published !== undefined) return reject('invalid', published)
  for (const [i, write] of entry.writes.entries()) {
    const misfit = joinFaultOf(before[i], write)
    if (misfit !== undefined) return reject('invalid', misfit)
  }
  const bases = basesFor(entry, {
    before,
    changesOf: (id) => batch.changesOf(id),
    tableOf: (type) => space.registers(type),
  })
  for (const [i, write] of entry.writes.entries()) write.bases = bases && basesOf(bases[i])
  const states = entry.writes.map((write, i) => apply(before[i], write))
  const objected = context.places ? undefined : objection(entry, states, parts)
  if (objected !== undefined) return reject('invalid', objected)
  const fault = expectFault(message, entry, context)
  if (fault) return fault
  const admission = joined(entry, states, context)
  if (admission.kind !== 'accepted') return admission
  return { ...admission, bases, reads: context.lineage.reads(entry) }
}

/** Nacks a message whose author has read another or a lost history. */
function unknownHistory(
  { seen }: AuthoredMessage,
  { head, space }: AdmitContext,
): Admission | undefined {
  // A position on another lineage counts as nothing seen.
  if (seen.eid !== head.eid || seen.seq === 0) return undefined
  if (seen.seq <= head.seq && space.chains.mayBe(seen.seq, seen.chain)) return undefined
  return nack('unknown_history', `the author has read up to ${seen.seq} of another history`)
}

/** The last seq that an author had read on this lineage, if its `seen` is of another epoch. */
function readingsOf(
  { seen }: AuthoredMessage,
  { lineage, space }: AdmitContext,
): Readings | undefined {
  const readings = lineage.readings(seen)
  // Another history under the same epoch: a copy of the data was opened.
  const isHere = seen.eid !== lineage.present.eid && readings?.here === seen.seq
  if (isHere && !space.chains.mayBe(seen.seq, seen.chain)) return { here: 0, others: [] }
  return readings
}

/**
 * Checks that the parents are exactly those current heads that the author has seen. Otherwise a
 * number that is too high would silently overwrite concurrent writes. What its author had read on a
 * lost lineage is unknown here, so it is not checked.
 */
function blindFault(
  { changes }: AuthoredMessage,
  { writes, seen, readings }: Entry,
  {
    before,
    parentsMax,
  }: { readonly before: readonly (EntityState | undefined)[]; readonly parentsMax: number },
): string | undefined {
  if (isReadElsewhere({ seen, readings })) return undefined
  for (const [i, write] of writes.entries()) {
    const { parents } = changes[i]!
    const { canonical, own, others } = parents
    const isFull = canonical.length + own.length + others.length >= parentsMax
    for (const head of before[i] ? headsOf(before[i]) : []) {
      const isParent = isNamed(parents, write.entry, head)
      if (saw(write, head) === isParent) continue
      if (!isParent && isFull) continue // more heads than a change can name
      return isParent
        ? `it names ${head.entry.id} as a parent, and its author had not read that far`
        : `its author had seen ${head.entry.id}, and it does not name it as a parent`
    }
  }
  return undefined
}

/** Whether its author had read a lineage beyond what this one has of it (LOSS5). */
function isReadElsewhere({ seen, readings }: Pick<Entry, 'seen' | 'readings'>): boolean {
  return readings !== undefined && readings.here < (seen?.seq ?? 0)
}

function rulePartsOf({ session }: AuthoredMessage, context: AdmitContext): RuleParts {
  const { person, rules, review, rows, batch, now } = context
  const { authorId } = session.facts
  return { rules, review, rows, batch, context: ruleContext({ authorId, person }, now, batch) }
}

/** The verdict on a message, in this batch or before. @throws Missing */
function verdictOn(
  sessionId: string,
  clientSeq: number,
  { decided, ledger }: AdmitContext,
): 'accepted' | 'refused' | 'unknown' {
  return decided.get(sessionId)?.get(clientSeq) ?? ledger.verdictOn(sessionId, clientSeq).kind
}

/**
 * Refuses what touches, or expects something of, a row that its author may not read: any other verdict
 * would tell of it. @throws RuleFailure, and Missing on a cache miss
 */
function readFault(
  { changes, expect = [] }: AuthoredMessage,
  { canRead, places, rows, batch, person }: AdmitContext,
): Admission | undefined {
  if (!canRead || places) return undefined
  for (const { entityId } of [...changes, ...expect]) {
    const type = batch.typeOf(entityId)
    const row = type === undefined ? undefined : rows.row(type, entityId, batch)
    if (type === undefined || !row || mayRead(person, { type, row }, { canRead, batch })) continue
    return reject('unauthorised', `its author may not read ${entityId}`)
  }
  return undefined
}

/**
 * Checks that all pending parents have a verdict here. Canonical parents need no check: `seen` is
 * compared with the chain, and `blindFault` compares them with the heads.
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
 * Checks the id of a creation: a minted id is derived from its session, and only that session may use
 * it. For an unknown type, ids of UUID version 8 are minted and those of other versions supplied.
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

/** Nacks a change of an unknown type or version. Checked first, because the reviewer cannot judge it. */
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
    // An assigned name is a field: the declaration of the type checks it.
    (name) => !type.fieldAt(type.fieldOf(name)!.reg, version),
  )
  if (unknown !== undefined)
    return reject('needs_upgrade', `${meta.type}.${unknown} is assigned from a later version on`)
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

/**
 * Rejects late compare-and-set writes, then what adds to a full register or grows too large; then assigns values.
 * A message that comes back from a lost lineage is not late, because others did not wait for it. That
 * includes what its own author offers again: a device that lost power may not know that it was accepted.
 */
function joined(entry: Entry, states: readonly EntityState[], context: AdmitContext): Admission {
  const { batch, limits, types } = context
  const isBack = context.places !== undefined || isReadElsewhere(entry)
  assert(states.length === entry.writes.length, 'each write leads to a state')
  const late: Late[] = []
  let forked = false
  for (const write of entry.writes) {
    const before = batch.state(write.entityId)
    if (before && isCompareAndSet(write) && !sawAllLive(before, write)) late.push({ write, before })
    const beside = isForked(before, write)
    if (
      before &&
      beside &&
      write.kind === 'update' &&
      types?.get(write.type)?.options.stale === 'reject'
    )
      late.push({ write, before })
    forked ||= beside
  }
  if (late.length > 0 && !isBack) {
    const detail = 'another author changed the same field before this change arrived'
    const standing = standingAgainst(late, limits)
    return { kind: 'rejected', reason: 'stale', detail, standing }
  }
  const joining = entry.writes.map((write, i) => {
    return { write, before: batch.state(write.entityId), after: states[i]! }
  })
  const crowd = isBack ? undefined : crowded(joining, limits)
  if (crowd) {
    const standing = standingAgainst(crowd.writes, limits)
    return { kind: 'rejected', reason: 'contested', detail: crowd.detail, standing }
  }
  for (const [i, after] of states.entries()) {
    const large = sizeFault(after, entry.writes[i]!, context)
    if (large) return reject('too_large', large)
  }
  const assigned = assignedTo(entry.writes, context)
  if (!assigned) return { kind: 'accepted', entry, states, forked }
  if (jsonBytes(assigned) > limits.messageBytesMax)
    return reject('too_large', `its assigned values have more than ${limits.messageBytesMax} bytes`)
  applyAssigned(entry, { assigned }, (type) => context.space.registers(type))
  const given = entry.writes.map((write) => apply(batch.state(write.entityId), write))
  return { kind: 'accepted', entry, states: given, forked, assigned }
}

function isCompareAndSet(write: Write): boolean {
  return write.kind === 'resolve' || write.kind === 'migrate'
}

function sawAllLive(before: EntityState, write: Write): boolean {
  // Kept registers are not decided, and operations commute: neither can race.
  const decided = write.regs.slots.filter((_, i) => {
    const reg = write.regs.names[i]!
    return !write.keep?.has(reg) && !operationIn(write.values[reg])
  })
  return decided.every((slot) => writesOf(liveOf(before, slot)).every((live) => saw(write, live)))
}

/** Rejects a state over the size limit, unless the write makes it smaller. */
function sizeFault(after: EntityState, write: Write, context: AdmitContext): string | undefined {
  const { entityBytesMax, messageBytesMax } = context.limits
  // The state after a creation is not larger than its message.
  if (after === write && messageBytesMax <= entityBytesMax) return undefined
  const table = context.space.registers(write.type)
  if (!isStateLargerThan(after, table, entityBytesMax)) return undefined
  const before = context.batch.state(write.entityId)
  if (before && stateBytes(after, table) <= stateBytes(before, table)) return undefined
  return `${write.type} ${write.entityId} would have more than ${entityBytesMax} bytes`
}
