/**
 * Writes messages: gathers the changes of the store's verbs into one message a transaction, which
 * is committed or rolled back as a whole. Synchronous.
 */
import { CountersignError } from '../../base/outcome.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Limits } from '../../facts/limits.ts'
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

interface MessageOptions {
  /** Ids of rows that must be unchanged when the reviewer decides. */
  readonly expects?: readonly Uuid[] | undefined
  /** Whether `undo` reverts it. Default: true. */
  readonly undoable?: boolean
  /** The same message was rehearsed in this turn: the rules of the types are not run again. */
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
          'an inner transaction cannot have `expect`; pass it to the outer transaction',
        )
      return { result: this.#draft.nested(() => this.#called(body)), receipt: undefined }
    }
    let result: { readonly is: T } | undefined
    const receipt = this.message(() => (result = { is: this.#called(body) }), {
      expects: expect.map(({ id }) => id),
    })
    // Set by the body, which has run.
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

  /** Writes one change: into the open transaction, or as a message by itself. */
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
   * Writes one message with all changes of `body`; undefined when there are none. When `body` throws,
   * or the message is too large, all of it is rolled back. The only way to write a message of several
   * changes, so that no exit leaves a draft open.
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
   * Writes each body as a message of its own, later ones based on earlier ones, and rolls them all
   * back; subscribers are not called. Throws what a body, a rule or a limit throws.
   */
  rehearse(bodies: readonly ((draft: Draft) => void)[]): void {
    const drafts: Draft[] = []
    try {
      for (const body of bodies) {
        this.#draft = undefined // each draft stays applied, as the base of the next
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
    const distinct = expects && [...new Set(expects)]
    if (distinct && distinct.length > limits.expectMax)
      throw new CountersignError('too_large', `a message expects at most ${limits.expectMax} rows`)
    const entry = this.replica.writing.draft()
    const options = { limits, rehearsed, expects: distinct }
    return (this.#draft = new Draft(entry, entry.session.authorId, options))
  }

  /** Called after the last change: records what the author has seen, and checks the size. */
  #end(draft: Draft): void {
    this.replica.writing.noteSeen(draft)
    checkSessions(draft, this.replica.limits)
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

  #abandon(draft: Draft): void {
    this.#draft = undefined
    draft.rollback()
    this.replica.repo.emit()
  }
}

/** Throws `too_large` for a change that would name more pending sessions than a message may. */
function checkSessions({ changes }: Draft, { ownSpansMax }: Limits): void {
  for (const { table, write } of changes) {
    if (!write.own || write.own.length + (write.named?.others.length ?? 0) <= ownSpansMax) continue
    const { name } = table.entity
    throw new CountersignError(
      'too_large',
      `${name} ${write.entityId} has unsent changes of more visits of this device than one message can name (${ownSpansMax}); they must be sent first`,
      { entity: name, id: write.entityId },
    )
  }
}

/** Throws `too_large` for a message that every reviewer would reject. */
function checkSize(draft: Draft, { limits, writing }: Replica): void {
  const { messageBytesMax, entityBytesMax } = limits
  const { expect, seen } = draft.entry
  // Fast path: the upper bound is within every limit, for the message and for a row without conflicts.
  const most = messageBytesAtMost(draft.writes, { expect, seen })
  if (most <= messageBytesMax && most * limits.registersMax <= entityBytesMax) return
  const bytes = messageBytes(draft.writes, { expect, seen, minted: writing.minted.has })
  if (bytes > messageBytesMax) {
    throw new CountersignError(
      'too_large',
      `the message has ${bytes} bytes, more than the maximum of ${messageBytesMax}; split it, or store files as links`,
    )
  }
  for (const { table, write } of draft.changes) {
    const { entity, registers } = table
    // The draft is applied, so the row has a state.
    const state = table.state(write.entityId)!
    if (!isStateLargerThan(state, registers, entityBytesMax)) continue
    throw new CountersignError(
      'too_large',
      `${entity.name} ${write.entityId} would have more than the maximum of ${entityBytesMax} bytes; store files as links`,
      { entity: entity.name, id: write.entityId },
    )
  }
}
