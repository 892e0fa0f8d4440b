/**
 * Messages in the making: what the verbs of the store write, gathered into one message a
 * transaction, committed whole or thrown away whole. Synchronous.
 */
import { CountersignError } from '../../base/outcome.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { ChangeKind } from '../../facts/types.ts'
import { messageBytes, messageBytesAtMost } from '../../sync/message-size.ts'
import { isStateLargerThan } from '../../fold/state-size.ts'
import { Draft } from '../../rows/draft.ts'
import type { Table } from '../../rows/table.ts'
import type { Registers } from '../../schema/input.ts'
import { assertUpToDate } from './guards.ts'
import { EntryReceipt } from './receipt.ts'
import type { Replica } from '../replica.ts'
import { updateStatus } from '../status.ts'
import type { Receipt, TransactOptions, TransactionReceipt } from '../store.ts'

/** How a message is written. */
interface MessageOptions {
  /** Rows that must be as they are shown now, by id. */
  readonly expects?: readonly Uuid[] | undefined
  /** Whether `undo` takes it back. Default: true. */
  readonly undoable?: boolean
  /** The same was rehearsed in this turn: the rules of the types are not asked again. */
  readonly rehearsed?: boolean
}

export class Writer {
  readonly replica: Replica
  #draft: Draft | undefined

  constructor(replica: Replica) {
    this.replica = replica
  }

  /** Whether a transaction is open. */
  get writing(): boolean {
    return this.#draft !== undefined
  }

  transact<T>(body: () => T, { expect = [] }: TransactOptions = {}): TransactionReceipt<T> {
    if (this.#draft) {
      if (expect.length > 0)
        throw new CountersignError(
          'transaction_state',
          'an inner transaction cannot expect anything of its own',
        )
      return { result: this.#draft.nested(() => this.#called(body)), receipt: undefined }
    }
    let result: { readonly is: T } | undefined
    const receipt = this.message(() => (result = { is: this.#called(body) }), {
      expects: expect.map(({ id }) => id),
    })
    // The body has run: it would have thrown otherwise.
    return { result: result!.is, receipt }
  }

  #called<T>(body: () => T): T {
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
      return new EntryReceipt(this.#draft.entry, id, this.replica.settled)
    }
    const draft = this.#begin()
    try {
      draft.add(table, id, kind, registers)
      this.#end(draft)
    } catch (error) {
      this.#abandon(draft)
      throw error
    }
    return this.#commit(draft)
  }

  /**
   * One message of all that `body` writes; undefined when it writes nothing. When `body` throws, or
   * the message is too large, nothing of it has happened. The only way to a message of several
   * changes, so that no way out of it leaves a draft open.
   * @throws CountersignError `transaction_state` within a transaction.
   */
  message(body: (draft: Draft) => unknown, options: MessageOptions = {}): Receipt | undefined {
    const draft = this.#begin(options)
    try {
      body(draft)
      this.#end(draft)
    } catch (error) {
      this.#abandon(draft)
      throw error
    }
    if (!draft.empty) return this.#commit(draft, options)
    this.#abandon(draft)
    return undefined
  }

  /**
   * Writes each body as a message of its own, the later ones on the earlier, and discards them all;
   * subscribers are not called. Throws what a body, a rule or a bound throws.
   */
  rehearse(bodies: readonly ((draft: Draft) => void)[]): void {
    const drafts: Draft[] = []
    try {
      for (const body of bodies) {
        this.#draft = undefined // the drafts of a rehearsal stand on one another
        const draft = this.#begin()
        drafts.push(draft)
        body(draft)
        checkSize(draft, this.replica)
      }
    } finally {
      this.#draft = undefined
      for (const draft of drafts.reverse()) draft.rollback()
    }
  }

  assertNotWriting(verb: string): void {
    if (this.#draft) throw new CountersignError('transaction_state', `${verb} within a transaction`)
  }

  /** @throws CountersignError `too_large` for more rows than a message may expect. */
  #begin({ expects, rehearsed }: MessageOptions = {}): Draft {
    this.assertNotWriting('a message of its own')
    const { limits } = this.replica
    const distinct = [...new Set(expects)]
    if (distinct.length > limits.expectMax)
      throw new CountersignError('too_large', `a message expects at most ${limits.expectMax} rows`)
    const entry = this.replica.draftEntry()
    const options = { limits, rehearsed, expects: distinct }
    return (this.#draft = new Draft(entry, entry.session.authorId, options))
  }

  /** All changes are made: it says what its author has seen, and has its size. */
  #end(draft: Draft): void {
    this.replica.noteSeen(draft)
    checkSize(draft, this.replica)
  }

  #commit(draft: Draft, { undoable = true }: MessageOptions = {}): Receipt {
    const { entry } = draft
    draft.commit()
    this.#draft = undefined
    if (undoable) this.replica.undo.note(entry, draft.changes)
    this.replica.commitEntry(entry)
    this.replica.repo.emit()
    updateStatus(this.replica)
    return new EntryReceipt(entry, draft.firstId, this.replica.settled)
  }

  /** Nothing of it has happened. */
  #abandon(draft: Draft): void {
    this.#draft = undefined
    draft.rollback()
    this.replica.repo.emit()
  }
}

/** What no reviewer could accept is refused where it is written. */
function checkSize(draft: Draft, { limits, isMinted }: Replica): void {
  const { messageBytesMax, entityBytesMax } = limits
  const { expect, seen } = draft.entry
  // So far from every bound, neither the message nor a row without conflicts can pass one.
  const most = messageBytesAtMost(draft.writes(), { expect, seen })
  if (most <= messageBytesMax && most * limits.registersMax <= entityBytesMax) return
  const bytes = messageBytes(draft.writes(), { expect, seen, minted: isMinted })
  if (bytes > messageBytesMax) {
    throw new CountersignError(
      'too_large',
      `a message has at most ${messageBytesMax} bytes, and this one ${bytes}; split it, or store files as links`,
    )
  }
  for (const { table, write } of draft.changes) {
    const { entity, registers } = table
    // A draft shows what it writes.
    const state = table.state(write.entityId)!
    if (!isStateLargerThan(state, registers, entityBytesMax)) continue
    throw new CountersignError(
      'too_large',
      `${entity.name} ${write.entityId} would have more than ${entityBytesMax} bytes; store files as links`,
      { entity: entity.name, id: write.entityId },
    )
  }
}
