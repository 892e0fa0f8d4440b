/**
 * The SQLite store against the reference in memory: the same random calls to both, right and
 * wrong ones, with every answer compared; reads are bounded to 2..5 rows or a few bytes, and two
 * of three spaces have an open file.
 */
import { bytesOf, memorySpaces } from '@countersign/core/ports'
import type { Commit, SpaceHead, SpaceStore, WriteBehind } from '@countersign/core/ports'
import { SeededRandom } from '@countersign/core/testing'
import { sqliteSpaces } from '@countersign/reviewer'
import { expect, test } from 'vitest'
import { freshFolder } from './fresh-folders.ts'
import { SPACE } from './space-commits.ts'

type Call = (store: SpaceStore) => Promise<unknown>

class Caller {
  readonly #random: SeededRandom

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
  }

  below(count: number): number {
    return Math.floor(this.#random.unit() * count)
  }

  next(head: SpaceHead): Call {
    const calls = [
      () => this.#append(head),
      () => this.#append(head),
      () => this.#append(head),
      () => this.#writeBehind(head),
      () => this.#writeBehind(head),
      () => this.#read(),
      () => this.#read(),
      () => this.#read(),
      () => this.#scan(),
    ]
    return calls[this.below(calls.length)]!()
  }

  #session(): string {
    return `s${this.below(4)}`
  }

  #times<T>(most: number, make: (at: number) => T): T[] {
    return Array.from({ length: this.below(most + 1) }, (_, at) => make(at))
  }

  /** Mostly right: now and then of an old head, or with a verdict that is there already. */
  #append(head: SpaceHead): Call {
    const count = this.below(4)
    const commits = head.commits - (this.below(8) === 0 ? 1 : 0)
    const text = 'x'.repeat(this.below(60))
    let seq = head.seq
    const batch = { fromSeq: seq + 1, toSeq: seq + count, text, seals: text.slice(9) }
    const commit: Commit = {
      epoch: Math.max(1, head.epoch + (this.below(20) === 0 ? this.below(3) - 1 : 0)),
      expect: { seq, commits: Math.max(0, commits) },
      ...(count > 0 ? { batch } : {}),
      sessions: this.#times(2, () => ({ sessionId: this.#session(), text })),
      accepted: this.#times(count, () => ({
        sessionId: this.#session(),
        clientSeq: 1 + this.below(60),
        count: 1,
        seq: ++seq,
      })),
      authors: this.#times(2, () => ({
        authorId: `a${this.below(9)}`,
        text: `p${this.below(3)}`,
      })),
      revocations: this.#times(1, () => ({
        key: `r${this.below(9)}`,
        ...(this.below(3) > 0 && { text }),
      })),
      rejections: this.#times(1, () => ({
        msgId: `m${this.below(60)}`,
        sessionId: this.#session(),
        clientSeq: 1 + this.below(60),
        text,
      })),
      redacted: {
        batches: this.below(6) === 0 ? [{ fromSeq: 1 + this.below(9), text: 'redacted' }] : [],
        rejections: this.below(12) === 0 ? [{ msgId: `m${this.below(60)}`, text: 'gone' }] : [],
      },
      head: text,
    }
    return (store) => store.append(commit)
  }

  #writeBehind(head: SpaceHead): Call {
    if (this.below(30) === 0) return (store) => store.resetBehind()
    const through = head.through + this.below(head.seq - head.through + 2)
    const states = this.#times(3, () => {
      const no = this.below(9)
      const seq = Math.max(1, through - this.below(2))
      return { entity: `e${no}`, type: `t${no % 2}`, seq, text: 'y'.repeat(this.below(40)) }
    })
    const write: WriteBehind = {
      epoch: Math.max(1, head.epoch),
      fromThrough: head.through - (this.below(9) === 0 ? 1 : 0),
      through,
      states: states.filter(
        ({ entity }, at) => states.findIndex((s) => s.entity === entity) === at,
      ),
      changes: this.#times(3, () => ({
        entity: `e${this.below(9)}`,
        seq: 1 + this.below(through + 1),
        text: 'z'.repeat(this.below(20)),
      })),
    }
    return (store) => store.writeBehind(write)
  }

  #read(): Call {
    const [count, bytes] = [2 + this.below(4), bytesOf(this.below(100))]
    const [session, place] = [this.#session(), this.below(60)]
    const keys = this.#times(9, () => this.below(60))
    const calls: Call[] = [
      (store) => store.ledger(session, keys),
      (store) => store.ledgerRuns(session, place, count),
      (store) => store.sessions([session, place, 1, 2]),
      (store) => store.authors(['a1', `a${place % 9}`, 'a9']),
      async (store) => (await store.revocations()).toSorted((a, b) => (a.key < b.key ? -1 : 1)),
      (store) => store.authorsOf(`p${place % 4}`, count),
      (store) => store.rejection(`m${place}`),
      (store) => store.rejections(session, place, count),
      (store) => store.forgetRejections(count, 2),
      (store) => store.states(['e1', `e${place}`, 'e2', 'e3', 'e4'], bytes),
      (store) => store.changes(`e${place % 9}`, place, { count, bytes }),
      (store) => store.batches(place, bytes),
      (store) => store.seals(place),
      (store) => store.claimMeta(`k${place % 3}`, session),
    ]
    return calls[this.below(calls.length)]!
  }

  #scan(): Call {
    const type = [undefined, 't0', 't1'][this.below(3)]
    const bytes = bytesOf(this.below(100))
    return async (store) => {
      const scan = await store.scan(type)
      const states: unknown[] = []
      let next: string | undefined
      do {
        const page = await scan.page(next, bytes)
        states.push(page.states.length, ...page.states)
        next = page.next
      } while (next !== undefined)
      await scan.close()
      return [scan.through, scan.entities, states]
    }
  }
}

/** What a call came to: its answer, or the name of its error. */
async function outcome(call: Call, store: SpaceStore): Promise<unknown> {
  try {
    return (await call(store)) ?? 'nothing'
  } catch (error) {
    return `${(error as Error).name}`
  }
}

test.for([1, 2, 3, 4])(
  'the same calls have the same answers in SQLite as in memory (seed %i)',
  async (seed) => {
    const caller = new Caller(seed)
    const memory = memorySpaces()
    const sqlite = sqliteSpaces(freshFolder(), { openFilesMax: 2 })
    const pairs = ['1', '2', '3'].map((end) => {
      const space = SPACE.slice(0, -1) + end
      return [memory.open(space), sqlite.open(space)] as const
    })
    const counts = new Map<unknown, number>()
    for (let step = 0; step < 400; step++) {
      const [reference, store] = pairs[caller.below(3)]!
      const call = caller.next(await reference.head())
      const expected = await outcome(call, reference)
      expect(await outcome(call, store), `step ${step}`).toEqual(expected)
      expect(await store.head(), `head after step ${step}`).toEqual(await reference.head())
      if (typeof expected === 'string') counts.set(expected, (counts.get(expected) ?? 0) + 1)
    }
    for (const kind of ['committed', 'written', 'fenced', 'InvariantError']) {
      expect(counts.get(kind), kind).toBeGreaterThan(5)
    }
    await sqlite.close()
  },
)
