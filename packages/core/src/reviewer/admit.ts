/**
 * The verdict on one verified message: pure, from the message, the batch it joins, and what
 * the deployment declared. The order of the checks is that of SPEC.md, section 7.
 */
import { apply, followsAll } from '../fold/apply.ts'
import { type EntityState, headsOf, liveOf, writesOf } from '../fold/state.ts'
import { seenAmong } from '../log/ancestry.ts'
import { Entry, type SessionRef, type Write } from '../log/entry.ts'
import type { Limits } from '../message/limits.ts'
import type { Change, FinalReason, Message, NackReason } from '../message/message.ts'
import { boundsFault } from '../message/parse.ts'
import { type Entity, fieldFault } from '../schema/entity.ts'
import { intake } from '../messaging/materialize.ts'
import { isUnset } from '../schema/input.ts'
import { ARCHIVED } from '../schema/registers.ts'
import type { Ledger } from './ledger.ts'
import type { Batch, SpaceState } from './space.ts'

export type Admission =
  | {
      readonly kind: 'accepted'
      readonly entry: Entry
      readonly states: readonly EntityState[]
      readonly forked: boolean
    }
  | { readonly kind: 'rejected'; readonly reason: FinalReason; readonly detail: string }
  | { readonly kind: 'nack'; readonly reason: NackReason; readonly detail: string }

export interface AdmitContext {
  readonly space: SpaceState
  readonly batch: Batch
  readonly ledger: Ledger
  readonly limits: Limits
  /** Types the deployment knows; undefined: any type, unchecked. */
  readonly types: ReadonlyMap<string, Entity> | undefined
  /** Ids refused in this batch, whose rejections are not in the ledger yet. */
  readonly refused: { has(id: string): boolean }
  /** clientSeqs answered in this batch, by session and number. */
  readonly answered: ReadonlySet<string>
}

const reject = (reason: FinalReason, detail: string): Admission => ({
  kind: 'rejected',
  reason,
  detail,
})
const nack = (reason: NackReason, detail: string): Admission => ({ kind: 'nack', reason, detail })

/** `bytes` is the size of the message as it is packed alone, or a bound from above. */
export function admit(message: Message, bytes: number, context: AdmitContext): Admission {
  const { header, changes } = message
  const bounds = boundsFault(message, bytes, context.limits)
  if (bounds) return reject('too_large', bounds)
  if (changes.some((change) => change === null)) return reject('invalid', 'a change is missing')
  const owner = ownerFault(message, context)
  if (owner) return owner
  if (
    context.ledger.isUsed(header.sessionId, header.clientSeq) ||
    context.answered.has(seqName(message))
  ) {
    return reject('seq_reused', `number ${header.clientSeq} of this session is another message`)
  }
  for (const change of changes as readonly Change[]) {
    const fault =
      parentFault(change, context) ??
      valueFault(change, context) ??
      rootFault(change, message, context)
    if (fault) return fault
  }
  const stale = expectFault(message, context)
  if (stale) return stale
  return join(message, context)
}

export function seqName({ header }: Message): string {
  return `${header.sessionId}:${header.clientSeq}`
}

function ownerFault({ header }: Message, { ledger }: AdmitContext): Admission | undefined {
  const session = ledger.session(header.sessionId)
  if (!session) return nack('not_bound', 'the session of this message is not bound')
  if (session.authorId !== header.authorId)
    return reject('unauthorised', 'the session belongs to another author')
  if (session.personalCommit !== header.personalCommit) {
    return reject('unauthorised', 'the message commits to another person than its session')
  }
  return undefined
}

function parentFault(
  { meta }: Change,
  { batch, ledger, refused }: AdmitContext,
): Admission | undefined {
  for (const id of meta.parentCanonicalIds) {
    if (batch.writeOf(id, meta.entityId)) continue
    if (refused.has(id) || ledger.rejection(id))
      return reject('parent_rejected', `its parent ${id} was refused`)
    if (batch.entry(id))
      return reject('invalid', `its parent ${id} has no change for ${meta.entityId}`)
    return nack('parent_unknown', `its parent ${id} is not known here`)
  }
  const type = batch.typeOf(meta.entityId)
  return type !== undefined && type !== meta.type
    ? reject('invalid', `${meta.entityId} is a ${type}, not a ${meta.type}`)
    : undefined
}

function rootFault(
  { meta }: Change,
  { header }: Message,
  { batch, ledger, types }: AdmitContext,
): Admission | undefined {
  if (meta.kind !== 'create') return undefined
  const options = types?.get(meta.type)?.options
  const minted = ledger.minted(meta.entityId, header.authorId, meta.sid ?? header.sessionId)
  if (options && options.idPolicy !== 'supplied' && !minted) {
    return reject('invalid', `the id ${meta.entityId} was not minted by its author`)
  }
  if (batch.state(meta.entityId) && options?.onExists !== 'fork') {
    return reject('entity_exists', `${meta.type} ${meta.entityId} exists`)
  }
  return undefined
}

function valueFault({ meta, values }: Change, { types }: AdmitContext): Admission | undefined {
  if (!types) return undefined
  const type = types.get(meta.type)
  if (!type) return nack('unknown_schema', `the type ${meta.type} is not known here`)
  if (meta.schemaVersion > type.version)
    return nack('unknown_schema', `${meta.type} is known here up to version ${type.version}`)
  if (!values) return reject('invalid', 'the values of a new message cannot be absent')
  for (const [i, reg] of meta.regs.entries()) {
    if (reg === ARCHIVED) continue
    const field = type.fieldOf(reg)
    if (!field) return reject('invalid', `${meta.type} has no field ${reg}`)
    const fault = fieldFault(field, isUnset(values[i]) ? undefined : values[i])
    if (fault) return reject('invalid', `${meta.type}.${reg}: ${fault}`)
  }
  if (meta.kind !== 'create') return undefined
  for (const field of type.fields.values()) {
    if (meta.regs.includes(field.reg)) continue
    const fault = fieldFault(field, undefined)
    if (fault) return reject('invalid', `${meta.type}.${field.name}: ${fault}`)
  }
  return undefined
}

function expectFault({ header }: Message, { batch }: AdmitContext): Admission | undefined {
  for (const { entityId, heads } of header.expect ?? []) {
    const state = batch.state(entityId)
    const now = (state ? headsOf(state) : []).map((head) => head.entry.id).sort()
    if (now.length !== heads.length || now.some((id, i) => id !== heads[i])) {
      return reject('precondition_failed', `the heads of ${entityId} are not those expected`)
    }
  }
  return undefined
}

/** Applies the message to the batch's states, and refuses what would leave too much standing. */
function join(message: Message, { space, batch, limits }: AdmitContext): Admission {
  const { header } = message
  const session: SessionRef = { authorId: header.authorId, sessionId: header.sessionId }
  const entry = intake(message, {
    index: batch,
    session,
    arrival: 0,
    tableOf: (type) => space.registers(type),
  })
  if (!(entry instanceof Entry)) return nack('parent_unknown', 'a parent is not known here')
  const states: EntityState[] = []
  let forked = false
  for (const write of entry.writes) {
    const before = batch.state(write.entityId)
    if (before && isCompareAndSet(write) && !sawAllLive(before, write)) {
      return reject('stale', 'somebody wrote the same field before this decision arrived')
    }
    forked ||= before !== undefined && !followsAll(write, headsOf(before))
    const after = apply(before, write)
    const crowd = crowdFault(after, write, limits)
    if (crowd) return reject('too_many_heads', crowd)
    states.push(after)
  }
  return { kind: 'accepted', entry, states, forked }
}

function isCompareAndSet(write: Write): boolean {
  return write.kind === 'resolve' || write.kind === 'migrate'
}

function sawAllLive(before: EntityState, write: Write): boolean {
  const rivals = new Set(write.regs.slots.flatMap((slot) => writesOf(liveOf(before, slot))))
  return seenAmong(write.parents, rivals).size === rivals.size
}

function crowdFault(after: EntityState, write: Write, limits: Limits): string | undefined {
  if (headsOf(after).length > limits.headsMax)
    return `the entity would have more than ${limits.headsMax} heads`
  const crowded = write.regs.slots.some(
    (slot) => writesOf(liveOf(after, slot)).length > limits.liveWritesMax,
  )
  return crowded ? `a field would have more than ${limits.liveWritesMax} live writes` : undefined
}
