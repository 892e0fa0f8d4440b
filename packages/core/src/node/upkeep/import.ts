/**
 * Imports an exported space into a new store. Each line is checked as it is read, as `verifySpace` checks
 * what is stored; then the states are folded from the log. A line that does not hold rejects with its
 * number, and the caller throws the store away.
 *
 *   space ─▶ sessions ─▶ persons, refused ─▶ batches ─▶ rejections, proofs ─▶ end ─▶ states
 */
import { InvariantError } from '../../base/assert.ts'
import { ok } from '../../base/outcome.ts'
import { type Uuid, isUuid } from '../../base/uuid.ts'
import { LIMITS, type Limits } from '../../facts/limits.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Signer } from '../../ports/signer.ts'
import type {
  AuthorText,
  Commit,
  RejectionText,
  SessionText,
  SpaceStore,
} from '../../ports/space-store.ts'
import type { Entity } from '../../schema/entity.ts'
import { evidenceKey } from '../evidence.ts'
import { GENESIS, type Genesis } from '../open.ts'
import { Faults, jsonIn } from './faults.ts'
import { headFault } from './head-check.ts'
import { EXPORT_VERSION, type ExportStart, ExportLines, type ExportRecord } from './lines.ts'
import { ChainCheck, genesisIn, sessionIn } from './chain-check.ts'
import { rebuildStates } from './rebuild.ts'
import { recordsOf, rejectionFault } from './record-check.ts'

/** What `importSpace` takes. */
export interface SpaceImportOptions {
  /** Opens the store of the space that the first line names. It must be new. */
  readonly open: (space: Uuid) => SpaceStore
  readonly signer: Signer
  readonly clock: Clock
  /** The types of the deployment: rows are found by their indexes. May be absent, and slower then. */
  readonly entities?: readonly Entity[] | undefined
  readonly limits?: Partial<Limits> | undefined
  readonly onProgress?: ((progress: SpaceImportProgress) => void) | undefined
}

/** How far an import has come. */
export interface SpaceImportProgress {
  readonly part: 'log' | 'states'
  readonly seq: number
  readonly of: number
}

/** What was imported, in numbers. */
export interface SpaceImportReport {
  readonly space: Uuid
  readonly lines: number
  readonly epoch: number
  readonly seq: number
  readonly sessions: number
  readonly rejections: number
  readonly entities: number
  /** Whether it has the private table of persons. */
  readonly persons: boolean
}

/** A line that does not hold, by its number, from 1. */
export class SpaceImportError extends Error {
  override readonly name = 'SpaceImportError'
  readonly line: number
  constructor(line: number, what: string) {
    super(`line ${line}: ${what}`)
    this.line = line
  }
}

/** A fault of the line that is read. */
class Refused extends Error {}

function refuse(what: string): never {
  throw new Refused(what)
}

/** Imports a space from its lines, without their ends. Rejects with an `SpaceImportError`, or of the store. */
export async function importSpace(
  lines: AsyncIterable<string> | Iterable<string>,
  options: SpaceImportOptions,
): Promise<SpaceImportReport> {
  const reader = new ExportLines()
  let importing: Importing | undefined
  try {
    for await (const line of lines) {
      const record = reader.record(line)
      if (!record.ok) return refuse(record.error.message)
      if (importing) await importing.take(record.value, reader.count)
      else importing = await begun(record.value, options)
    }
    if (!importing?.isEnded) return refuse('the file ends before its last line')
    return { ...(await importing.finish()), lines: reader.count }
  } catch (error) {
    // What the store asserts of a record that was read is a fault of its line.
    if (error instanceof Refused || error instanceof InvariantError)
      throw new SpaceImportError(reader.count, error.message)
    throw error
  }
}

async function begun(record: ExportRecord, options: SpaceImportOptions): Promise<Importing> {
  if (record[0] !== 'space') return refuse('it is not the first line of an exported space')
  const [, version, start] = record
  if (version !== EXPORT_VERSION)
    return refuse(`it is of version ${version}, and this program knows ${EXPORT_VERSION}`)
  const { space } = start
  if (!isUuid(space) || typeof start.genesis !== 'string' || typeof start.head !== 'string')
    return refuse('it names no space')
  const genesis = await genesisIn(start.genesis, { space, signer: options.signer })
  if (!genesis.ok) return refuse(`the genesis: ${genesis.error.message}`)
  const store = options.open(space)
  await store.claimMeta(GENESIS, start.genesis)
  return new Importing(options, { start, genesis: genesis.value, store })
}

/** Records that are stored in one commit. */
const COMMIT_MAX = 1_000

interface Waiting {
  readonly sessions: SessionText[]
  readonly authors: AuthorText[]
  readonly rejections: RejectionText[]
}

const nothing = (): Waiting => ({ sessions: [], authors: [], rejections: [] })

class Importing {
  readonly #options: SpaceImportOptions
  readonly #limits: Limits
  readonly #start: ExportStart
  readonly #genesis: Genesis
  readonly #store: SpaceStore
  readonly #chain: ChainCheck
  /** What the check of the log has found in the present line. */
  #fault: string | undefined
  isEnded = false
  #commits = 0
  #sessions = 0
  #rejections = 0
  #proofs = 0
  #waiting = nothing()
  #waitingCount = 0
  /** Stored rejections that are to be deleted. */
  #forgotten = 0

  constructor(
    options: SpaceImportOptions,
    {
      start,
      genesis,
      store,
    }: { readonly start: ExportStart; readonly genesis: Genesis; readonly store: SpaceStore },
  ) {
    const { signer } = options
    const { space } = start
    this.#options = options
    this.#limits = { ...LIMITS, ...options.limits }
    this.#start = start
    this.#genesis = genesis
    this.#store = store
    const faults = new Faults(({ place, what }) => (this.#fault = `${place}: ${what}`))
    const sessionsOf = recordsOf(store)
    this.#chain = new ChainCheck({
      space,
      genesis,
      signer,
      limits: this.#limits,
      sessionsOf,
      faults,
    })
  }

  /** Takes the record of a line. @throws Refused */
  async take(record: ExportRecord, line: number): Promise<void> {
    if (this.isEnded) return refuse('it stands behind the last line')
    switch (record[0]) {
      case 'session':
        return this.#session(record[1])
      case 'person':
        if (!this.#start.persons) return refuse('the first line says that persons are not in it')
        return this.#add('authors', { authorId: record[1], text: record[2] })
      case 'refused': {
        const [, sessionId, clientSeq] = record
        this.#forgotten++
        const msgId = `refused ${sessionId} ${clientSeq}`
        return this.#add('rejections', { msgId, sessionId, clientSeq, text: '' })
      }
      case 'batch':
        return this.#batch(record)
      case 'rejection': {
        const [, msgId, sessionId, clientSeq, text] = record
        const genesis = this.#genesis
        const fault = await rejectionFault(text, msgId, { genesis, signer: this.#options.signer })
        if (fault !== undefined) return refuse(`the rejection of message ${msgId}: ${fault}`)
        this.#rejections++
        return this.#add('rejections', { msgId, sessionId, clientSeq, text })
      }
      case 'proof':
        await this.#store.claimMeta(evidenceKey(++this.#proofs), record[1])
        return
      case 'end':
        if (record[1] !== line - 1) return refuse(`it counts ${record[1]} lines before it`)
        return this.#end()
      default:
        return refuse('a second first line')
    }
  }

  async #session(text: string): Promise<void> {
    const id = sessionIdIn(text)
    const record = sessionIn(text, id)
    if (!record.ok) return refuse(`session ${id}: ${record.error.message}`)
    this.#sessions++
    return this.#add('sessions', { sessionId: id, text })
  }

  async #add<K extends keyof Waiting>(kind: K, item: Waiting[K][number]): Promise<void> {
    ;(this.#waiting[kind] as (typeof item)[]).push(item)
    if (++this.#waitingCount >= COMMIT_MAX) await this.#commit()
  }

  async #batch([, fromSeq, toSeq, text, seals]: ExportRecord &
    readonly ['batch', ...unknown[]]): Promise<void> {
    await this.#commit()
    await this.#forget()
    const place = { fromSeq, toSeq }
    const checked = await this.#chain.take(
      { ...place, text: ok(text) },
      { ...place, text: ok(seals) },
    )
    if (this.#fault !== undefined || !checked) return refuse(this.#fault ?? 'it is damaged')
    const accepted = checked.batch.accepted.map(({ session, message, seq }) => ({
      sessionId: session.facts.sessionId,
      // The stored text has every line.
      clientSeq: message!.clientSeq,
      count: 1,
      seq,
    }))
    await this.#append({ batch: { ...place, text, seals }, accepted })
    const { seq: of } = this.#start
    this.#options.onProgress?.({ part: 'log', seq: toSeq, of })
  }

  /** Stores what waits. */
  async #commit(): Promise<void> {
    if (this.#waitingCount === 0) return
    const waiting = this.#waiting
    this.#waiting = nothing()
    this.#waitingCount = 0
    await this.#append(waiting, this.#chain.position.seq)
  }

  /** Deletes the rejections that stand for deleted ones: the ledger keeps that they were refused. */
  async #forget(): Promise<void> {
    while (this.#forgotten > 0) {
      this.#forgotten -= await this.#store.forgetRejections(0, this.#forgotten)
    }
  }

  async #append(
    commit: Pick<Commit, 'batch' | 'accepted' | 'sessions' | 'authors' | 'rejections'>,
    seq: number = (commit.batch?.fromSeq ?? 1) - 1,
  ): Promise<void> {
    const { epoch } = this.#chain.position
    const expect = { seq, commits: this.#commits++ }
    const { head } = this.#start
    if ((await this.#store.append({ ...commit, epoch, expect, head })) === 'fenced')
      refuse('something else writes to the store that it is imported into')
  }

  /** Compares what was read with the first line. */
  async #end(): Promise<void> {
    await this.#commit()
    await this.#forget()
    const { head, seq, epoch, sessions } = this.#start
    const fault = headFault(head, this.#chain)
    if (fault !== undefined) refuse(fault)
    const { position } = this.#chain
    if (position.seq !== seq || position.epoch !== epoch || this.#sessions !== sessions)
      refuse('the first line has other counts')
    this.isEnded = true
  }

  /** Folds the states. */
  async finish(): Promise<Omit<SpaceImportReport, 'lines'>> {
    const { clock, entities, onProgress } = this.#options
    const { space, seq, epoch, persons } = this.#start
    const { entities: count } = await rebuildStates({
      ...{ space, store: this.#store, clock, entities, genesis: this.#genesis },
      limits: this.#limits,
      onProgress: (at) => onProgress?.({ part: 'states', seq: at, of: seq }),
    })
    const [sessions, rejections] = [this.#sessions, this.#rejections]
    return { space, epoch, seq, sessions, rejections, entities: count, persons }
  }
}

function sessionIdIn(text: string): string {
  const { sessionId } = (jsonIn(text) ?? {}) as { readonly sessionId?: unknown }
  return typeof sessionId === 'string' ? sessionId : ''
}
