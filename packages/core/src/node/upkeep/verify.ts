/**
 * Verifies a stored space without a reviewer: reads every record, and compares each with those that it
 * follows from. Reads only, and works beside a reviewer that writes: what it commits meanwhile is not
 * part of the check.
 *
 *   genesis ─▶ log: ids, chain, signed positions, sessions, seals, ledger ─▶ head
 *                └─▶ fold ─▶ states and changes, in as many passes as memory asks for
 *   sessions ─▶ ledger, rejections, persons        proofs of double numbers
 */
import { bytesOf } from '../../base/size.ts'
import type { Uuid } from '../../base/uuid.ts'
import { LIMITS, type Limits } from '../../facts/limits.ts'
import type { Signer } from '../../ports/signer.ts'
import {
  STORE_KEYS_MAX,
  type SpaceHead,
  type SpaceStore,
  type StateScan,
} from '../../ports/space-store.ts'
import { foldsOf, typesOf } from '../../review/schema-rules.ts'
import type { FoldsOf } from '../../review/space.ts'
import { readStoredBatch } from '../../review/stored.ts'
import type { Entity } from '../../schema/entity.ts'
import type { Batch } from '../../wire/types.ts'
import { loggedBatch } from '../logged.ts'
import { GENESIS, type Genesis } from '../open.ts'
import { Faults, type SpaceFault } from './faults.ts'
import type { RedactRecord } from '../../wire/records.ts'
import { FoldCheck, type FoldedSeqs } from './fold-check.ts'
import { headFault, headIn } from './head-check.ts'
import { ChainCheck, genesisIn, placeOf } from './chain-check.ts'
import { RecordCheck, recordsOf } from './record-check.ts'

/** What `verifySpace` takes. */
export interface VerifyOptions {
  readonly space: Uuid
  readonly store: SpaceStore
  readonly signer: Signer
  /** The types of the deployment. Without them, results of an app's own operations are not compared. */
  readonly entities?: readonly Entity[] | undefined
  readonly limits?: Partial<Limits> | undefined
  readonly onFault: (fault: SpaceFault) => void
  /** Called now and then with how far the log is read, in each of `passes`. */
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined
  /** Entities that are folded in one pass over the log. Default: 200,000. */
  readonly entitiesMax?: number | undefined
}

/** How far a verification has come. */
export interface VerifyProgress {
  readonly pass: number
  readonly passes: number
  readonly seq: number
  readonly of: number
}

/** What was verified, in numbers. */
export interface VerifyReport {
  readonly epoch: number
  /** Of the last message. */
  readonly seq: number
  readonly batches: number
  readonly sessions: number
  readonly rejections: number
  readonly persons: number
  readonly entities: number
  /** States are those of this seq; what follows is folded when the space is opened. */
  readonly through: number
  readonly faults: number
  /** Messages that came back after a loss, without the seals of their authors. */
  readonly unsealed: number
  /** Why states and changes were not compared with the log; undefined where they were. */
  readonly statesUnverified: string | undefined
}

const READ_BYTES = bytesOf(4_194_304)
const ENTITIES_MAX = 200_000

/** Verifies a space. Rejects only for what is no fault of its records, as a file that is not there. */
export async function verifySpace(options: VerifyOptions): Promise<VerifyReport> {
  const { store } = options
  const faults = new Faults(options.onFault)
  // Before the head, so that a reviewer that writes meanwhile has no states ahead of it.
  const scan = await faults.read('the position of the states', () => store.scan())
  try {
    const head = await faults.read('the head', () => store.head())
    const genesis = head && (await readGenesis(options, head, faults))
    if (!scan || !head || !genesis) return reportOf(head, faults)
    return await new Verification(options, { head, genesis, faults }).run(scan)
  } finally {
    await scan?.close()
  }
}

const NOTHING_CHECKED = 'without head and genesis nothing else can be checked'

function reportOf(head: SpaceHead | undefined, faults: Faults): VerifyReport {
  const { epoch = 0, seq = 0, sessions = 0, entities = 0, through = 0 } = head ?? {}
  const none = { batches: 0, rejections: 0, persons: 0, unsealed: 0 }
  const statesUnverified = faults.count > 0 ? NOTHING_CHECKED : undefined
  return {
    epoch,
    seq,
    sessions,
    entities,
    through,
    ...none,
    faults: faults.count,
    statesUnverified,
  }
}

async function readGenesis(
  { store, space, signer }: VerifyOptions,
  head: SpaceHead,
  faults: Faults,
): Promise<Genesis | undefined> {
  const place = 'the genesis'
  const text = await faults.read(place, () => store.meta(GENESIS))
  if (text === undefined) {
    if (head.commits > 0) faults.add(place, 'it is missing')
    return undefined
  }
  const genesis = await genesisIn(text, { space, signer })
  if (!genesis.ok) faults.add(place, genesis.error.message)
  return genesis.ok ? genesis.value : undefined
}

class Verification {
  readonly #options: VerifyOptions
  readonly #limits: Limits
  readonly #foldsOf: FoldsOf
  readonly #faults: Faults
  readonly #head: SpaceHead
  readonly #chain: ChainCheck
  readonly #records: RecordCheck
  /** Whether a reviewer has erased values meanwhile: the log may lack those of the states that are compared. */
  /** Erasures that are newer than the states. */
  readonly #later: RedactRecord[] = []
  #isErased = false

  constructor(
    options: VerifyOptions,
    {
      head,
      genesis,
      faults,
    }: { readonly head: SpaceHead; readonly genesis: Genesis; readonly faults: Faults },
  ) {
    const { space, store, signer, entities } = options
    this.#options = options
    this.#limits = { ...LIMITS, ...options.limits }
    // A fold that fails leaves the value as it was, as at a reviewer.
    this.#foldsOf = foldsOf(typesOf(entities), () => {})
    this.#faults = faults
    this.#head = head
    const sessionsOf = recordsOf(store)
    this.#chain = new ChainCheck({
      space,
      genesis,
      signer,
      limits: this.#limits,
      sessionsOf,
      faults,
    })
    this.#records = new RecordCheck({ store, head, signer, genesis, limits: this.#limits, faults })
  }

  /** `scan`: of the first pass. */
  async run(scan: StateScan): Promise<VerifyReport> {
    const passes = Math.max(1, Math.ceil(this.#head.entities / this.#entitiesMax))
    await this.#pass(0, passes, scan)
    for (let pass = 1; pass < passes && this.#chain.isWhole; pass++) {
      const next = await this.#options.store.scan()
      try {
        await this.#pass(pass, passes, next)
      } finally {
        await next.close()
      }
    }
    const counts = await this.#records.check(this.#chain)
    const { epoch, seq, through } = this.#head
    const { batches, isWhole, unsealed } = this.#chain
    return {
      ...{ epoch, seq, batches, unsealed, through, entities: this.#head.entities },
      ...counts,
      faults: this.#faults.count,
      statesUnverified: isWhole
        ? this.#isErased
          ? 'values were erased meanwhile: verify again'
          : undefined
        : 'the log is not whole, so they cannot be folded from it',
    }
  }

  get #entitiesMax(): number {
    return this.#options.entitiesMax ?? ENTITIES_MAX
  }

  /** Reads the log once, and compares the states of a part of the entities. The first pass checks the log. */
  async #pass(no: number, of: number, scan: StateScan): Promise<void> {
    const { through } = scan
    const { seq: headSeq } = this.#head
    if (no === 0 && through > headSeq)
      this.#faults.add(
        'the position of the states',
        `it is ${through}, and the head says ${headSeq}`,
      )
    const parts = { faults: this.#faults, later: this.#later }
    const fold = new FoldCheck({ no, of }, this.#foldsOf, parts)
    const end = no === 0 ? headSeq : through
    for (let seq = 0; seq < end;) {
      const next = await this.#read({ seq, end, through, fold, pass: no })
      if (next === undefined) break
      seq = next
      this.#options.onProgress?.({ pass: no + 1, passes: of, seq: Math.min(seq, end), of: end })
    }
    if (no === 0) this.#endOfChain()
    this.#isErased ||= await this.#hasErasedMore()
    if (this.#chain.isWhole && !this.#isErased) await this.#states(scan, fold, through)
  }

  /** Whether the head names an erasure that is not part of what is read. */
  async #hasErasedMore(): Promise<boolean> {
    const now = await this.#faults.read('the head', () => this.#options.store.head())
    if (now?.text === undefined || now.commits === this.#head.commits) return false
    const read = headIn(now.text)
    return read !== undefined && read.erasure.newest > this.#chain.erasedSeq
  }

  /** Reads some batches after a seq. Returns the seq of the last one; undefined where there is none. */
  async #read(step: {
    readonly seq: number
    readonly end: number
    readonly through: number
    readonly fold: FoldCheck
    readonly pass: number
  }): Promise<number | undefined> {
    const { store } = this.#options
    const { seq, end, through, fold, pass } = step
    const found = await this.#faults.read('the log', () => store.batches(seq, READ_BYTES))
    const last = found?.at(-1)
    if (!found || !last) {
      if (found) this.#faults.add('the log', `it ends at seq ${seq}, and the head says ${end}`)
      this.#chain.isWhole = false
      return undefined
    }
    for (const stored of found) {
      if (stored.toSeq > end) break // committed meanwhile
      const checked =
        pass > 0 ? { batch: this.#parsed(stored), forked: undefined } : await this.#checked(stored)
      if (checked?.batch?.redact && stored.toSeq > through) this.#later.push(checked.batch.redact)
      if (!checked?.batch || !this.#chain.isWhole || stored.toSeq > through) continue
      const forked = fold.take(checked.batch, this.#chain.lineage)
      if (checked.forked && this.#isOther(checked.forked, forked))
        this.#faults.add(
          `the seals of ${placeOf(stored)}`,
          `the messages that forked are ${JSON.stringify(checked.forked)}, and by the fold ${JSON.stringify(forked)}`,
        )
    }
    return last.toSeq
  }

  /** Whether the stored forks contradict those of the fold, which sees a part of the entities. */
  #isOther(stored: readonly number[], folded: readonly number[]): boolean {
    const isPart = this.#head.entities > this.#entitiesMax
    return folded.some((at) => !stored.includes(at)) || (!isPart && stored.length !== folded.length)
  }

  async #checked(
    stored: Parameters<ChainCheck['take']>[0],
  ): Promise<Awaited<ReturnType<ChainCheck['take']>>> {
    const { store } = this.#options
    const place = placeOf(stored)
    const seals = await this.#faults.read(`the seals of ${place}`, () =>
      store.seals(stored.fromSeq),
    )
    const checked = await this.#chain.take(stored, seals)
    if (!checked) return undefined
    await this.#records.ledgerOf(checked.batch)
    return checked
  }

  #parsed(stored: Parameters<ChainCheck['take']>[0]): Batch | undefined {
    const { space } = this.#options
    const read = loggedBatch(readStoredBatch(stored), { space, limits: this.#limits })
    return read.ok ? read.value : undefined
  }

  /** Compares the head with the log. */
  #endOfChain(): void {
    const { text, seq, epoch, commits } = this.#head
    const place = 'the head'
    const { isWhole, position } = this.#chain
    if (text === undefined) {
      if (commits > 0) this.#faults.add(place, 'it has no text')
    } else if (isWhole) {
      const fault = headFault(text, this.#chain)
      if (fault !== undefined) this.#faults.add(place, fault)
      else if (position.seq !== seq || position.epoch !== epoch)
        this.#faults.add(place, `it says seq ${seq} of epoch ${epoch}`)
    }
  }

  async #states(scan: StateScan, fold: FoldCheck, through: number): Promise<void> {
    let states = 0
    for (let after: string | undefined; ;) {
      const page = await this.#faults.read('the states', () => scan.page(after, READ_BYTES))
      if (!page) return
      for (const stored of page.states) {
        states++
        const folded = fold.check(stored)
        if (folded) await this.#changes(stored.entity, folded, through)
      }
      if (page.next === undefined) break
      after = page.next
    }
    fold.end()
    if (states !== scan.entities)
      this.#faults.add(
        'the position of the states',
        `it counts ${scan.entities} entities, and there are ${states}`,
      )
  }

  async #changes(entity: Uuid, { seqs }: FoldedSeqs, through: number): Promise<void> {
    const { store } = this.#options
    const place = `the changes of entity ${entity}`
    const found: number[] = []
    for (let before = through + 1; found.length < seqs.length + 1;) {
      const limit = { count: STORE_KEYS_MAX, bytes: READ_BYTES }
      const rows = await this.#faults.read(place, () => store.changes(entity, before, limit))
      const last = rows?.at(-1)
      if (!rows || !last) break
      for (const row of rows) {
        this.#faults.text(row, `the change of entity ${entity} at seq ${row.seq}`)
        found.push(row.seq)
      }
      before = last.seq
    }
    if (!isSame(found.toReversed(), seqs)) this.#faults.add(place, 'they are not those of the log')
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
