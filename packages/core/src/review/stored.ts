/**
 * The text formats of a reviewer's store:
 *
 *   head      [position, [[type, register, version, value]…], [seq…], [line…], erasure]   the last
 *             assigned values, the seqs of the records of epochs, and records of epochs of other
 *             lineages
 *   erasure   [through, newest, [[entity, registers, below]…]]
 *   batch     the batch, after an erasure with erased places, and in a last line the signed position
 *             after it
 *   state     a page of one entity
 *   change    empty: the batch at its seq has it
 *   session   the record of a bound session
 *   rejection the signed rejection
 */
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import { PageLoader, PageWriter } from '../fold/snapshot.ts'
import type { EntityState } from '../fold/state.ts'
import type { Position } from '../facts/message.ts'
import type { StateText, Stored } from '../ports/space-store.ts'
import type { RegisterTable } from '../schema/registers.ts'
import type { ErasedValues } from '../wire/erase-batch.ts'
import { positionJson, readPosition } from '../wire/frames.ts'
import { type PageEntity, pageText, readPage } from '../wire/pages.ts'
import type { SessionRecord } from './ledger.ts'
import type { AssignedLast } from './space.ts'

export interface StoredHead {
  readonly position: Position
  readonly assigned: readonly AssignedLast[]
  /** Seqs of the records of the newest epochs, genesis excepted. */
  readonly epochs: readonly number[]
  /** Records of epochs of other lineages. */
  readonly parted: readonly string[]
  readonly erasure: Erasure
}

/** What of the log is erased. */
export interface Erasure {
  /** No batch above this seq has erased values: who has read as far reads on, others take a snapshot. */
  readonly through: number
  /** The seq of the newest record of one; 0: there is none. */
  readonly newest: number
  /** Erasures whose older batches still have the values, from below that seq down. */
  readonly left: readonly (ErasedValues & { readonly below: number })[]
}

/** Of a log without erasures. */
export const NOTHING_ERASED: Erasure = { through: 0, newest: 0, left: [] }

/** Encodes the head: the signed position, and the last assigned values. */
export function headText({ position, assigned, epochs, parted, erasure }: StoredHead): string {
  const given = assigned.map(
    ({ type, reg, version, value }) => [type, reg, version, value] as const,
  )
  const left = erasure.left.map(({ entityId, regs, below }) => [entityId, regs, below] as const)
  const place = [positionJson(position), given, epochs, parted] as const
  return JSON.stringify([...place, [erasure.through, erasure.newest, left]])
}

/** Decodes the output of `headText`. @throws Error for a damaged one */
export function readHead(text: string): StoredHead {
  const [packed, given, epochs, parted, [through, newest, left]] = JSON.parse(text) as [
    unknown,
    [string, string, number, Json][],
    number[],
    string[],
    [number, number, [Uuid, string[], number][]],
  ]
  const position = readPosition(packed)
  if (!position) throw new Error('the stored head is not a position')
  const assigned = given.map(([type, reg, version, value]) => ({ type, reg, version, value }))
  const erasure = {
    through,
    newest,
    left: left.map(([entityId, regs, below]) => ({ entityId, regs, below })),
  }
  return { position, assigned, epochs, parted, erasure }
}

/** Encodes a batch: its text, and in a last line the signed position after it. */
export function batchText(batch: string, position: Position): string {
  return `${batch}\n${JSON.stringify(positionJson(position))}`
}

export interface StoredBatch {
  readonly fromSeq: number
  readonly toSeq: number
  readonly text: string
  /** The signed position after it. */
  readonly position: Position
}

/** Decodes a stored batch. @throws Error for a damaged one */
export function readStoredBatch(
  stored: Stored<{ readonly fromSeq: number; readonly toSeq: number; readonly text: string }>,
): StoredBatch {
  const { fromSeq, toSeq } = stored
  const whole = textOf(stored, `the stored batch from seq ${fromSeq}`)
  const end = whole.lastIndexOf('\n')
  const position = readPosition(parsed(whole.slice(end + 1)))
  if (end < 0 || !position || position.seq !== toSeq)
    throw new Error(`the stored batch from seq ${fromSeq} is damaged`)
  return { fromSeq, toSeq, text: whole.slice(0, end), position }
}

interface TypedState {
  readonly type: string
  readonly state: EntityState
  readonly table: RegisterTable
}

/** Encodes the state of an entity: a page with it alone. */
export function stateText(id: Uuid, state: TypedState): string {
  return pageText([statePage(id, state)])
}

/** An entity in the page format of the store and of snapshots. */
export function statePage(id: Uuid, { type, state, table }: TypedState): PageEntity {
  return new PageWriter().entity(type, id, { state, table })
}

/** Decodes the page of one entity; undefined for a damaged one. */
export function readState({ entity: id, text }: Stored<StateText>): PageEntity | undefined {
  const read = text.ok ? readPage(text.value) : text
  const [entity, ...more] = read.ok ? read.value : []
  return entity?.id === id && more.length === 0 ? entity : undefined
}

/** The state of a decoded page. */
export function stateOf(entity: PageEntity, table: RegisterTable): EntityState {
  return new PageLoader().state(entity, table)
}

/** The record of a stored session. @throws Error where it is damaged. */
export function readSession(
  stored: Stored<{ readonly text: string }>,
  sessionId: Uuid,
): SessionRecord {
  return JSON.parse(textOf(stored, `the stored session ${sessionId}`)) as SessionRecord
}

/** The text of a stored row. @throws Error where it is damaged. */
export function textOf(stored: Stored<{ readonly text: string }>, what: string): string {
  if (!stored.text.ok) throw new Error(`${what} is damaged: ${stored.text.error.message}`)
  return stored.text.value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
