/** What it costs to say which writes of a page had seen which: counted, and compared with a plain walk. */
import { describe, expect, test } from 'vitest'
import { ancestorsOf } from '../log/ancestry.ts'
import { Entry, Write } from '../log/entry.ts'
import { compareOrder } from '../log/order.ts'
import { RegisterTable } from '../schema/registers.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import { apply } from './apply.ts'
import { PageWriter, walkAncestry } from './snapshot.ts'
import type { EntityState } from './state.ts'

const session = { authorId: 'a', sessionId: 's' }

/** Accepted writes of one entity, one after the other; counts how often their parents are looked at. */
class History {
  readonly table = new RegisterTable()
  readonly writes: Write[] = []
  state: EntityState | undefined
  looks = 0

  add(parents: readonly Write[], reg = 'a'): Write {
    const seq = this.writes.length + 1
    const entry = new Entry({ session, clientSeq: seq, timestamp: 0, arrival: 0 })
    entry.identify(`m${seq}`, undefined)
    entry.review = { reviewerId: 'r', eid: 'e', epoch: 1, seq, forked: false, at: 0 }
    const regs = this.table.set([reg])
    const kind = parents.length === 0 ? 'create' : 'update'
    const facts = { index: 0, type: 't', entityId: 'e', kind, version: 1, regs, parents } as const
    const write = new Write(entry, facts, { [reg]: seq })
    this.state = apply(this.state, write)
    Object.defineProperty(write, 'parents', {
      get: () => {
        this.looks++
        return parents
      },
    })
    this.writes.push(write)
    return write
  }

  page(): ReturnType<PageWriter['entity']> {
    return new PageWriter().entity('t', 'e', { state: this.state!, table: this.table })
  }
}

describe('ancestry of a page', () => {
  test.each([30, 3_000])('§20 bounds: %i messages under 31 heads are walked once', (length) => {
    const history = new History()
    let last = history.add([])
    while (history.writes.length < length) last = history.add([last])
    for (let n = 0; n < 31; n++) history.add([last])
    history.looks = 0
    expect(history.page().heads).toHaveLength(31)
    // Two looks at each to walk, one to note what it links to; and some at what the heads left standing.
    expect(history.looks).toBeLessThanOrEqual(3 * history.writes.length + 64)
    history.looks = 0
    expect(walkAncestry(history.state!, history.table)).toBe(0)
    history.page()
    expect(history.looks).toBe(0)
  })

  test('§20 bounds: a history without branches needs no walk', () => {
    const history = new History()
    let last = history.add([])
    for (let n = 0; n < 100; n++) last = history.add([last])
    history.looks = 0
    expect(walkAncestry(history.state!, history.table)).toBe(0)
    expect(history.page().linear).toBe(true)
    expect(history.looks).toBe(0)
  })

  test('§8 pages: it is what a walk from each write finds, for any history', () => {
    const random = new SeededRandom(11)
    const below = (count: number): number => Math.floor(random.unit() * count)
    for (let round = 0; round < 60; round++) {
      const history = new History()
      const roots = 1 + below(3)
      for (let n = 0; n < roots; n++) history.add([])
      for (let n = below(90); n > 0; n--) {
        // Some see much and some next to nothing, so that many live writes stand.
        const seen = Array.from(
          { length: 1 + below(3) },
          () => history.writes[below(history.writes.length)]!,
        )
        history.add([...new Set(seen)], `r${below(40)}`)
      }
      const page = history.page()
      const byId = new Map(history.writes.map((write) => [write.entry.id, write]))
      const ordered = page.writes.map(({ message }) => byId.get(message.id)!)
      expect(ordered).toEqual([...ordered].sort(compareOrder))
      if (page.linear) continue
      for (const [at, { parents }] of page.writes.entries()) {
        const seen = ancestorsOf(ordered[at]!.parents)
        expect(parents).toEqual(ordered.flatMap((other, i) => (seen.has(other) ? [i] : [])))
      }
    }
  })
})
