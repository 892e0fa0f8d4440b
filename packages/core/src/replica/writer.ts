/**
 * Messages in the making: what the verbs of the store write, gathered into one message a
 * transaction, committed whole or thrown away whole. Synchronous.
 */
import { CountersignError } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import type { ChangeKind, Expectation } from '../message/message.ts'
import { messageBytes } from '../messaging/message-size.ts'
import { isStateLargerThan } from '../fold/state-size.ts'
import { Draft } from '../repo/draft.ts'
import type { Table } from '../repo/table.ts'
import type { Registers } from '../schema/input.ts'
import { assertUpToDate } from './guards.ts'
import { EntryReceipt } from './receipt.ts'
import type { Replica } from './replica.ts'
import { updateStatus } from './status.ts'
import type { Receipt, TransactOptions, TransactionReceipt } from './store.ts'

/** Rows by their id alone, whatever their type. */
interface Expects {
  readonly expectIds?: readonly Uuid[]
}

export class Writer {
  readonly #replica: Replica
  #draft: Draft | undefined

  constructor(replica: Replica) {
    this.#replica = replica
  }

  /** Whether a transaction is open. */
  get writing(): boolean {
    return this.#draft !== undefined
  }

  transact<T>(body: () => T, options: TransactOptions & Expects = {}): TransactionReceipt<T> {
    const expected = [...(options.expect ?? []).map(({ id }) => id), ...(options.expectIds ?? [])]
    const { expectMax } = this.#replica.limits
    if (expected.length > expectMax)
      throw new CountersignError('too_large', `a message expects at most ${expectMax} rows`)
    if (this.#draft) {
      if (expected.length > 0)
        throw new CountersignError(
          'transaction_state',
          'an inner transaction cannot expect anything of its own',
        )
      return { result: this.#joined(body), receipt: undefined }
    }
    const draft = this.begin(expected.length > 0 ? this.#expectations(expected) : undefined)
    try {
      const result = this.#joined(body)
      if (!draft.empty) return { result, receipt: this.commit(draft) }
      this.abandon(draft)
      return { result, receipt: undefined }
    } catch (error) {
      this.abandon(draft)
      throw error
    }
  }

  #joined<T>(body: () => T): T {
    const result = body()
    if (typeof (result as { then?: unknown } | null | undefined)?.then === 'function') {
      throw new CountersignError(
        'transaction_async',
        'the callback of a transaction cannot be async; nothing was written',
      )
    }
    return result
  }

  /** One change: of the transaction that is open, or a message by itself. */
  write(
    table: Table,
    id: Uuid,
    { kind, registers }: { kind: ChangeKind; registers: Registers },
  ): Receipt {
    if (kind !== 'create' && table.reader.lenses !== table.entity.lenses)
      assertUpToDate(table, id, registers)
    if (this.#draft) {
      this.#draft.add(table, id, kind, registers)
      return new EntryReceipt(this.#draft.entry, id, this.#replica.settled)
    }
    const draft = this.begin()
    try {
      draft.add(table, id, kind, registers)
      return this.commit(draft)
    } catch (error) {
      this.abandon(draft)
      throw error
    }
  }

  /** Opens a message; `commit` or `abandon` it in the same turn. */
  begin(expect?: readonly Expectation[]): Draft {
    const entry = this.#replica.draftEntry(expect)
    return (this.#draft = new Draft(entry, entry.session.authorId, this.#replica.limits))
  }

  commit(draft: Draft, { undoable }: { readonly undoable: boolean } = { undoable: true }): Receipt {
    const { entry } = draft
    checkSize(draft, this.#replica)
    draft.commit()
    this.#draft = undefined
    if (undoable) this.#replica.undo.note(entry, draft.changes)
    this.#replica.commitEntry(entry)
    this.#replica.repo.emit()
    updateStatus(this.#replica)
    return new EntryReceipt(entry, draft.firstId, this.#replica.settled)
  }

  /** Nothing of it has happened. */
  abandon(draft: Draft): void {
    this.forget(draft)
    this.#replica.repo.emit()
  }

  /** The same of a rehearsal, of which nobody has heard. */
  forget(draft: Draft): void {
    draft.rollback()
    this.#draft = undefined
  }

  /** These entities as they are now. */
  #expectations(ids: readonly Uuid[]): readonly Expectation[] {
    return ids.map((entityId) => {
      const rows = [...this.#replica.repo.tables()].map((table) => table.row(entityId))
      const row = rows.find((found) => found !== undefined)
      return { entityId, heads: row ? row.$heads : [] }
    })
  }
}

/** What no reviewer could accept is refused where it is written. */
function checkSize(draft: Draft, { limits, isMinted }: Replica): void {
  const { messageBytesMax, entityBytesMax } = limits
  const bytes = messageBytes(draft.writes(), { expect: draft.entry.expect, minted: isMinted })
  if (bytes > messageBytesMax) {
    throw new CountersignError(
      'too_large',
      `a message has at most ${messageBytesMax} bytes, and this one ${bytes}; split it, or store files as links`,
    )
  }
  // So far from the bound, a message cannot take a row without conflicts over it.
  if (bytes * limits.registersMax <= entityBytesMax) return
  for (const { table, write } of draft.changes) {
    const { entity, registers } = table
    const state = table.state(write.entityId)!
    if (!isStateLargerThan(state, registers, entityBytesMax)) continue
    throw new CountersignError(
      'too_large',
      `${entity.name} ${write.entityId} would have more than ${entityBytesMax} bytes; store files as links`,
      { entity: entity.name, id: write.entityId },
    )
  }
}
