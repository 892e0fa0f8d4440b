/**
 * Requests to erase values: who may ask, one step after the other between decisions, the answer when
 * nothing of it is left, and what followers are sent.
 */
import { CountersignError, type Outcome, fail } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Position } from '../facts/message.ts'
import type { Reg } from '../schema/registers.ts'
import { type AuthorFrames, reviewerFrame } from '../wire/frames.ts'
import { erasedBytes } from '../wire/signed.ts'
import type { Connection } from './connection.ts'
import { Eraser, type EraserParts } from './eraser.ts'
import { trimCaches } from './open.ts'
import type { Readers } from './readers.ts'
import type { Views } from './views.ts'

export interface ErasuresParts extends Omit<EraserParts, 'onCommitting' | 'onCommitted'> {
  readonly connections: ReadonlySet<Connection>
  readonly readers: Readers
  readonly views: Views
  /** Runs a job when no decision is under way. */
  readonly between: (job: () => Promise<unknown>) => void
  /** Called for a link whose peer reads too slowly: it must catch up from that position. */
  readonly onBehind: (connection: Connection, have: Position) => void
}

const UNAVAILABLE = 'the store of the reviewer does not answer; ask again'
/** A peer that reviews in the place of home cannot know who may erase. */
const OF_HOME = 'only the home reviewer erases values'
/** Pause before an erasure that the store has interrupted goes on. */
const AGAIN_MS = 1_000

export class Erasures {
  readonly #parts: ErasuresParts
  readonly #eraser: Eraser
  #isOver = false

  constructor(parts: ErasuresParts) {
    this.#parts = parts
    this.#eraser = new Eraser({
      ...parts,
      onCommitting: (entityId) => parts.views.erasing(entityId),
      onCommitted: (line, before) => this.#tell(line, before),
    })
    this.goOn()
  }

  /** Nothing more is begun; what is left goes on at the next start. */
  stop(): void {
    this.#isOver = true
  }

  /** Answers a request of a link, when nothing of the values is left, or with why it is refused. */
  async asked(connection: Connection, { entityId, regs }: AuthorFrames['erase']): Promise<void> {
    const done = connection.may.has('erase')
      ? await this.#allowed(connection, entityId, regs).catch((error: unknown) => {
          this.#parts.events.storeFailed(error)
          return fail('unavailable', UNAVAILABLE)
        })
      : fail('unauthorised', 'this person may not erase: the capability erase is withheld')
    const { desk, space, signer, keys } = this.#parts
    const seq = done.ok ? done.value : 0
    const why = done.ok ? null : done.error.message
    const about = { nonce: connection.nonce, entityId, seq, why }
    const sig = await signer.sign(keys, erasedBytes(space, desk.head, about))
    connection.send(reviewerFrame('erased', { entityId, seq, why, sig }))
  }

  async #allowed(
    connection: Connection,
    entityId: Uuid,
    regs: readonly Reg[] | null,
  ): Promise<Outcome<number>> {
    const mayAsk = await this.#parts.readers.mayAsk(connection, entityId)
    return mayAsk ? this.erase(entityId, regs) : fail('unknown', 'no such row')
  }

  /**
   * Erases the values of these registers of an entity; null: of all. Resolves when nothing of them is
   * left here. Rejects when the store fails; what is committed goes on by itself.
   */
  async erase(entityId: Uuid, regs: readonly Reg[] | null): Promise<Outcome<number>> {
    if (this.#isOver) throw new CountersignError('unavailable', 'the reviewer is stopping')
    if (this.#parts.desk.open.lineage.present.why === 'claim') return fail('unauthorised', OF_HOME)
    try {
      const begun = await this.#inTurn(() => this.#eraser.erase(entityId, regs))
      if (!begun.ok) return begun
      while (this.#eraser.isLeftOf(entityId)) await this.#inTurn(() => this.#eraser.goOn())
      await this.#inTurn(() => this.#eraser.written())
      return begun
    } catch (error) {
      if (this.#eraser.isLeft) this.#parts.clock.after(AGAIN_MS, () => this.goOn())
      throw error
    }
  }

  /** Commits an erasure from within a job; `goOn` does what is left of it. */
  within(entityId: Uuid, regs: readonly Reg[]): Promise<Outcome<number>> {
    return this.#eraser.erase(entityId, regs)
  }

  /** Does what is left of erasures that were committed, one step after the other. */
  goOn(): void {
    if (this.#isOver || !this.#eraser.isLeft) return
    this.#inTurn(() => this.#eraser.goOn()).then(
      () => this.goOn(),
      (error: unknown) => {
        this.#parts.events.storeFailed(error)
        this.#parts.clock.after(AGAIN_MS, () => this.goOn())
      },
    )
  }

  /** Runs one step when no decision is under way. */
  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const { between, desk } = this.#parts
    return new Promise((resolve, reject) => {
      between(async () => {
        try {
          resolve(await step())
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        } finally {
          trimCaches(desk.open)
        }
      })
    })
  }

  /** Sends the record to followers of everything; those of scopes are told by `Views`. */
  #tell(line: string, before: Position): void {
    const { connections, desk, onBehind } = this.#parts
    const tail = reviewerFrame('tail', { batches: [1], position: desk.head }, line)
    for (const link of [...connections].filter(({ mode }) => mode === 'live')) {
      if (link.isBehind) onBehind(link, before)
      else link.send(tail)
    }
    desk.behind.committed()
  }
}
