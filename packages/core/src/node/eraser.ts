/**
 * Erases values of entities: from the log, the states, rejections and proofs that the store has, and
 * from everything that is sent afterwards. A record with a seq of its own says so to all followers.
 *
 *   asked ─▶ record committed, with the newest batches ─▶ older batches, some at a time ─▶ states written
 *               └─▶ followers are told                       └── killed: goes on at the next start
 *
 * Runs between two decisions. Until the older batches are rewritten, nothing reads values of the entity
 * from them: who is behind takes a snapshot, histories wait, and bases are unknown.
 */
import { assert } from '../base/assert.ts'
import { type Outcome, fail, ok } from '../base/outcome.ts'
import { addBytes, NO_BYTES, utf8Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Limits } from '../facts/limits.ts'
import type { Position, Rejection } from '../facts/message.ts'
import { writtenRegisters } from '../fold/redact.ts'
import { type EntityState, liveOf, writesOf } from '../fold/state.ts'
import { isRedacted } from '../schema/redacted.ts'
import type { Reg, RegisterTable } from '../schema/registers.ts'
import { SCHEMA } from '../schema/system.ts'
import { storedReadingBounds } from '../wire/bounds.ts'
import { type ErasedValues, erasedLayout } from '../wire/erase-batch.ts'
import { REDACT_REGISTERS_MAX, composeRecord } from '../wire/records.ts'
import { rejectionBytes } from '../wire/signed.ts'
import { storedText } from '../review/batch-text.ts'
import { type Erasure, batchText } from '../review/stored.ts'
import type { Desk } from './desk.ts'
import { type EpochParts, NO_SEALS, headAfter, signed } from './epochs.ts'
import type { Evidence } from './evidence.ts'
import type { Events } from './events.ts'

/** Changes whose batches one commit rewrites, and the size of these batches, about. */
const CHANGES_MAX = 64
const BYTES_MAX = 4_194_304
/** Times in a row that an append may lose to another process on the same store. */
const FENCED_MAX = 8

export interface EraserParts extends EpochParts {
  readonly desk: Desk
  readonly limits: Limits
  readonly evidence: Evidence
  readonly events: Events
  /**
   * Called in the turn of the commit, before the values are erased here; what it returns is called when
   * they are.
   */
  readonly onCommitting: (entityId: Uuid) => () => void
  /** Called in the same turn, with the line of the record and the head before it. */
  readonly onCommitted: (line: string, before: Position) => void
}

/** Batches without the values, and the seq below which others may have them; 0: none has. */
interface Piece {
  readonly batches: { readonly fromSeq: number; readonly text: string }[]
  /** The last seq of the newest of them; 0 without one. */
  readonly newest: number
  readonly below: number
}

export class Eraser {
  readonly #parts: EraserParts

  constructor(parts: EraserParts) {
    this.#parts = parts
  }

  /** Whether the log may still have values that were erased. */
  get isLeft(): boolean {
    return this.#parts.desk.open.erasure.left.length > 0
  }

  /** Whether the log may still have erased values of that entity. */
  isLeftOf(entityId: Uuid): boolean {
    return this.#parts.desk.open.erasure.left.some((one) => one.entityId === entityId)
  }

  /**
   * Commits the records of an erasure; `regs` null: of all registers. Resolves to the seq of the last
   * one, or of the head where there was nothing to erase. Error: `unknown`. Rejects when the store
   * fails; it may be asked again.
   */
  async erase(entityId: Uuid, regs: readonly Reg[] | null): Promise<Outcome<number>> {
    const { desk } = this.#parts
    await desk.settle()
    await desk.open.source.entities([entityId])
    const { space } = desk.open
    const entity = space.entity(entityId)
    if (!entity || entity.type === SCHEMA.name) return fail('unknown', 'no such row')
    const table = space.registers(entity.type)
    const written = writtenRegisters(entity.state, table)
    const wanted = written.filter((reg) => regs?.includes(reg) ?? true).sort()
    const left = wanted.filter((reg) => holds(entity.state, reg, table))
    for (let from = 0; from < left.length; from += REDACT_REGISTERS_MAX)
      await this.#record({ entityId, regs: left.slice(from, from + REDACT_REGISTERS_MAX) })
    return ok(desk.head.seq)
  }

  /** Rewrites some older batches of the oldest erasure that is left. Rejects when the store fails. */
  async goOn(): Promise<void> {
    const { desk } = this.#parts
    await desk.settle()
    const { erasure, commits, lineage, space } = desk.open
    const [first, ...others] = erasure.left
    if (!first) return
    const piece = await this.#piece(first, first.below)
    const left = piece.below > 0 ? [{ ...first, below: piece.below }, ...others] : others
    const after: Erasure = { ...erasure, left }
    const outcome = await desk.appended({
      epoch: lineage.present.epoch,
      expect: { seq: desk.head.seq, commits },
      redacted: { batches: piece.batches, rejections: [] },
      head: headAfter({ lineage, erasure: after }, desk.head, space.assignedAfter([])),
    })
    if (outcome === 'fenced') return // read again by the next call
    desk.open.commits++
    desk.open.erasure = after
  }

  /** Resolves when the states in the store have no erased value; rejects when they cannot be written. */
  async written(): Promise<void> {
    const { desk } = this.#parts
    const { seq } = desk.head
    await desk.behind.write()
    if (desk.behind.through < seq) throw new Error('the states after an erasure are not written')
  }

  /** Commits one record, with the newest batches without the values. */
  async #record(erased: ErasedValues): Promise<void> {
    for (let times = 0; !(await this.#tryRecord(erased)); times++) {
      if (times > FENCED_MAX) throw new Error('another reviewer writes to this space all the time')
      await this.#parts.desk.resync()
    }
  }

  async #tryRecord(erased: ErasedValues): Promise<boolean> {
    const { desk, clock, evidence, onCommitting, onCommitted } = this.#parts
    const { open, head: before } = desk
    const { entityId, regs } = erased
    const seq = before.seq + 1
    const record = { kind: 'redact', seq, at: clock.now(), entityId, regs } as const
    const { line, chain } = composeRecord(record, before.chain)
    const { eid, epoch } = before
    const [position, piece, rejections, meta] = await Promise.all([
      signed({ eid, epoch, seq, chain }, this.#parts),
      this.#piece(erased, seq),
      this.#rejections(erased),
      evidence.without(entityId),
    ])
    const erasure: Erasure = {
      // What is left has them, too, further down.
      through: Math.max(open.erasure.through, piece.below > 0 ? before.seq : piece.newest),
      newest: seq,
      left: [...open.erasure.left, ...(piece.below > 0 ? [{ ...erased, below: piece.below }] : [])],
    }
    const outcome = await desk.appended({
      epoch: open.lineage.present.epoch,
      expect: { seq: before.seq, commits: open.commits },
      batch: { fromSeq: seq, toSeq: seq, text: batchText(line, position), seals: NO_SEALS },
      redacted: {
        batches: piece.batches,
        rejections: rejections.map((one) => ({ msgId: one.msgId, text: JSON.stringify(one) })),
        meta,
      },
      head: headAfter({ ...open, erasure }, position, open.space.assignedAfter([])),
    })
    if (outcome === 'fenced') return false
    open.commits++
    open.head = position
    const tell = onCommitting(entityId)
    open.space.redact(record)
    open.space.endBatch(seq, chain)
    for (const one of rejections) open.ledger.noteRejection(one.msgId, one)
    assert(desk.head.seq === seq, 'a record is the newest fact when it is told')
    desk.erased(erasure)
    tell()
    onCommitted(line, before)
    return true
  }

  /** The newest batches with the values, below a seq. */
  async #piece(erased: ErasedValues, below: number): Promise<Piece> {
    const { desk, limits } = this.#parts
    const { source } = desk.open
    const bounds = storedReadingBounds(limits)
    const seqs = await source.changeSeqs(erased.entityId, CHANGES_MAX, below - 1)
    const batches: { fromSeq: number; text: string }[] = []
    let newest = 0
    let next = below
    let bytes = NO_BYTES
    for (const seq of seqs.toReversed()) {
      if (seq >= next) continue // of the batch before
      if (bytes >= BYTES_MAX) return { batches, newest, below: next }
      const stored = await source.batchWith(seq)
      const layout = source.layoutOf(stored)
      const after = layout && erasedLayout(layout, erased, bounds)
      if (after?.ok === false)
        throw new Error(`the stored batch from seq ${stored.fromSeq} is damaged`)
      if (after?.value) {
        const text = batchText(storedText(after.value, bounds), stored.position)
        batches.push({ fromSeq: stored.fromSeq, text })
        newest = Math.max(newest, stored.toSeq)
      }
      bytes = addBytes(bytes, utf8Bytes(stored.text))
      next = stored.fromSeq
    }
    return { batches, newest, below: seqs.length < CHANGES_MAX ? 0 : next }
  }

  /** Rejections that say which of these values stood, without them, signed again. */
  async #rejections({ entityId, regs }: ErasedValues): Promise<readonly Rejection[]> {
    const { store, keys, signer } = this.#parts
    const changed: Rejection[] = []
    for (const { text } of await store.rejectionsWith(entityId)) {
      if (!text.ok) continue // nobody is sent a damaged one
      const rejection = JSON.parse(text.value) as Rejection
      const isHit = (one: NonNullable<Rejection['standing']>[number]): boolean =>
        one.entityId === entityId && regs.includes(one.reg) && one.value !== undefined
      if (!rejection.standing?.some(isHit)) continue
      const standing = rejection.standing.map((one) => {
        const { value: _, ...bare } = one
        return isHit(one) ? bare : one
      })
      const { sig: _, ...rest } = { ...rejection, standing }
      changed.push({ ...rest, sig: await signer.sign(keys, rejectionBytes(rest)) })
    }
    return changed
  }
}

/** Whether something was written to a register that is not erased: it would be live, or its follower. */
function holds(state: EntityState, reg: Reg, table: RegisterTable): boolean {
  const live = writesOf(liveOf(state, table.slot(reg)))
  return live.some((write) => !isRedacted(write.values[reg]))
}
