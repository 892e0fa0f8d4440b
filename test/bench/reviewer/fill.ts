/**
 * Data of a long life, written past the reviewer: real batches with their positions, the ledger, and
 * states and changes behind them, through the port of the stores. A reviewer that opens them finds
 * what it would have written itself.
 */
import {
  type AuthoredMessage,
  type Position,
  type Session,
  authoredIn,
  composeFlush,
  composeSession,
  personalCommit,
  positionBytes,
  toBase64url,
  uuid4,
  whoamiId,
} from '@countersign/core/message'
import type { KeyPair, LedgerRun, SpaceStore, StateText } from '@countersign/core/ports'
import type { Epoch } from '@countersign/core/protocol'
import { composeBatch, keptReview, pageText, positionJson } from '@countersign/core/protocol'
import { createReviewer } from '@countersign/core/reviewer'
import {
  type EntityState,
  PageWriter,
  RegisterTable,
  apply,
  giveReview,
  storedText,
  toEntry,
} from '@countersign/core/testing'
import {
  installNodeSha256,
  nodeClock,
  nodeRandom,
  nodeSigner,
  sqliteSpaces,
} from '@countersign/reviewer'
import { must } from '../figure.ts'
import { MESSAGES_EACH, createOf, lastSeqOf, saltsFrom, updateOf } from './task.ts'

export const SPACE = '0d6cbb5e-8f1c-4f0e-8f62-64a7f0f1c0be'
/** Where the reviewer keeps its key. */
const OWN_SPACE = '00000000-0000-0000-0000-000000000000'
const SESSIONS = 20
const ENTITIES_A_FLUSH = 6
const FLUSHES_A_BATCH = 17

const signer = nodeSigner()
const random = nodeRandom()

/** Fills an empty folder with that many changes. Resolves to the position after them. */
export async function fill(folder: string, changes: number): Promise<Position> {
  installNodeSha256()
  const spaces = sqliteSpaces(folder)
  const keys = await signer.generate()
  const own = spaces.open(OWN_SPACE)
  await own.claimMeta('key', JSON.stringify(keys))
  await own.claimMeta('space', SPACE)
  const begun = { space: SPACE, spaces, keys, signer, random, clock: nodeClock() }
  await (await createReviewer(begun)).close()
  const filler = await Filler.open(spaces.open(SPACE), keys)
  for (let from = 0; from < changes / MESSAGES_EACH;)
    from = await filler.commit(from, changes / MESSAGES_EACH)
  await spaces.close()
  return filler.position
}

interface Author {
  readonly session: Session
  readonly record: string
  clientSeq: number
}

class Filler {
  position: Position
  readonly #store: SpaceStore
  readonly #keys: KeyPair
  readonly #epoch: Epoch
  readonly #authors: readonly Author[]
  readonly #table = new RegisterTable([])
  #commits = 0
  #through = 0

  private constructor(store: SpaceStore, keys: KeyPair, epoch: Epoch, authors: Author[]) {
    this.#store = store
    this.#keys = keys
    this.#epoch = epoch
    this.#authors = authors
    const { eid, epoch: term, chain } = epoch
    this.position = { eid, epoch: term, seq: 0, chain }
  }

  static async open(store: SpaceStore, keys: KeyPair): Promise<Filler> {
    const epoch = JSON.parse((await store.meta('epoch'))!) as Epoch
    const authors = await Promise.all(Array.from({ length: SESSIONS }, newAuthor))
    return new Filler(store, keys, epoch, authors)
  }

  /** One commit, of entities from a number on. Resolves to the number after them. */
  async commit(from: number, end: number): Promise<number> {
    const { eid, epoch: term, seq, chain } = this.position
    const at = Date.now()
    const judged = []
    const accepted: (LedgerRun & { readonly sessionId: string })[] = []
    const states: StateText[] = []
    let no = from
    let next = seq + 1
    for (let i = 0; i < FLUSHES_A_BATCH && no < end; i++) {
      const author = this.#authors[((no / ENTITIES_A_FLUSH) % SESSIONS) | 0]!
      const count = Math.min(ENTITIES_A_FLUSH, end - no)
      const flush = this.#flush(author, no, count)
      const { length } = flush.messages
      const verdicts = flush.messages.map(() => ({ accepted: true }))
      judged.push({ session: author.session, flush, first: 0, end: length, verdicts })
      const { sessionId } = author.session.facts
      accepted.push({ sessionId, clientSeq: author.clientSeq + 1, count: length, seq: next })
      states.push(...this.#states(authoredIn(flush, author.session), { no, seq: next, at }))
      author.clientSeq += length
      next += length
      no += count
    }
    const composed = composeBatch({ fromSeq: seq + 1, at, judged }, chain)
    if (!composed.ok) throw new Error(composed.error.message)
    const { layout, throughSeq } = composed.value
    must(throughSeq === next - 1 && throughSeq === lastSeqOf(no - 1), 'a batch has other seqs')
    const unsigned = { eid, epoch: term, seq: throughSeq, chain: composed.value.chain }
    const sig = await signer.sign(this.#keys, positionBytes(SPACE, unsigned))
    const position = { ...unsigned, sig }
    const json = JSON.stringify(positionJson(position))
    const outcome = await this.#store.append({
      epoch: term,
      expect: { seq, commits: this.#commits++ },
      batch: {
        fromSeq: seq + 1,
        toSeq: throughSeq,
        text: `${storedText(layout)}\n${json}`,
        seals: '{"seals":[],"forked":[]}',
      },
      sessions: this.#commits > 1 ? [] : this.#authors.map(recordOf),
      accepted,
      head: `[${json},[],[],[]]`,
    })
    must(outcome === 'committed', 'the store is fenced')
    await this.#writeBehind(throughSeq, states)
    this.position = position
    return no
  }

  async #writeBehind(through: number, states: readonly StateText[]): Promise<void> {
    const changes = states.flatMap(({ entity, seq }) =>
      Array.from({ length: MESSAGES_EACH }, (_, i) => ({
        entity,
        seq: seq - MESSAGES_EACH + 1 + i,
        text: '',
      })),
    )
    const fromThrough = this.#through
    this.#through = through
    const { epoch } = this.#epoch
    await this.#store.writeBehind({ epoch, fromThrough, through, states, changes })
  }

  /** All messages of these entities, each on the one before it. */
  #flush({ session, clientSeq }: Author, from: number, count: number) {
    const { eid, seq, chain } = this.position
    const salts = saltsFrom((bytes) => random.bytes(bytes), count * MESSAGES_EACH)
    const time = Date.now()
    const messages = Array.from({ length: count * MESSAGES_EACH }, (_, i) => {
      const no = from + Math.floor(i / MESSAGES_EACH)
      const step = i % MESSAGES_EACH
      const change = step === 0 ? createOf(no) : updateOf(no, step, { own: [clientSeq + i] })
      return { clientSeq: clientSeq + 1 + i, time, changes: [change], salts: [salts[i]!] }
    })
    const isFirst = seq === 0
    const seen = {
      seq,
      chain: isFirst ? '' : prefixOf(chain),
      from: clientSeq + 1,
      except: [],
      eid: isFirst ? null : eid,
    }
    const made = composeFlush(session, { seen, messages })
    if (!made.ok) throw new Error(made.error.message)
    return made.value
  }

  #states(
    messages: readonly AuthoredMessage[],
    { no, seq, at }: { readonly no: number; readonly seq: number; readonly at: number },
  ): StateText[] {
    const states: StateText[] = []
    let state: EntityState | undefined
    for (const [i, message] of messages.entries()) {
      if (i % MESSAGES_EACH === 0) state = undefined
      const { authorId, sessionId } = message.session.facts
      const session = { authorId, sessionId }
      const entry = toEntry(message, { session, arrival: 0, tableOf: () => this.#table })
      const { reviewerId, eid, epoch } = this.#epoch
      const regs = [message.changes[0]!.shape.regs]
      const review = keptReview(
        { seq: seq + i, review: null },
        { reviewerId, eid, epoch, at },
        { regs, forked: false },
      )
      giveReview(entry, review)
      state = apply(state, entry.writes[0]!)
      if (i % MESSAGES_EACH !== MESSAGES_EACH - 1) continue
      const { entityId } = message.changes[0]!
      const page = new PageWriter().entity('task', entityId, { state, table: this.#table })
      must(seq + i === lastSeqOf(no + Math.floor(i / MESSAGES_EACH)), 'an entity has other seqs')
      states.push({ entity: entityId, type: 'task', seq: seq + i, text: pageText([page]) })
    }
    return states
  }
}

/** The first 128 bits of a hash in base64url. */
export function prefixOf(chain: string): string {
  return Buffer.from(chain, 'base64url').subarray(0, 16).toString('base64url')
}

async function newAuthor(_: unknown, no: number): Promise<Author> {
  const { publicKey } = await signer.generate()
  const authorId = whoamiId(publicKey)
  const sessionId = uuid4(random.bytes(16))
  const personalId = `person ${no}`
  const commit = personalCommit(SPACE, personalId, toBase64url(random.bytes(16)))
  const facts = { space: SPACE, authorId, sessionId, personalCommit: commit, eid: null }
  const record = { sessionId, authorId, publicKey, personalCommit: commit, personalId }
  return { session: composeSession(facts), record: JSON.stringify(record), clientSeq: 0 }
}

function recordOf({ session, record }: Author): { sessionId: string; text: string } {
  return { sessionId: session.facts.sessionId, text: record }
}
