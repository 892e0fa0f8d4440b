/**
 * `saw` by numbers is ancestry by parents: for every pair of messages of generated histories, written
 * on any moment of the past, several of them in a flush, and read back from the texts that an offer
 * carries. The oracle knows parents, core knows numbers.
 */
import { authoredIn, readFlush, textOfFlush, uuid8 } from '@countersign/core/message'
import { RegisterTable, saw, toEntry } from '@countersign/core/testing'
import { expect, test, vi } from 'vitest'
import { Ancestry } from '../model/ancestry.ts'
import { messagesByRow } from '../model/check.ts'
import { generateHistory, type HistoryOptions } from '../model/history.ts'
import { rowId } from '../model/manifest.ts'
import { seenBy } from '../model/oracle.ts'
import { Random } from '../model/random.ts'
import { ReplayPlan } from '../model/replay-plan.ts'

// The oracle is slow on purpose, and the machine may be busy.
vi.setConfig({ testTimeout: 120_000 })

const space = uuid8(new Uint8Array(32).fill(1))

/** What was compared, and how many messages were not alone in their flush. */
interface Compared {
  readonly pairs: number
  readonly unseen: number
  readonly together: number
}

function compare(seed: number, options: Partial<HistoryOptions>): Compared {
  const trace = generateHistory(seed, options)
  const plan = new ReplayPlan(trace, new Random(seed), { space, again: 0 })
  const table = new RegisterTable()
  const ancestry = new Ancestry()
  const parcels = new Set([...plan.items.values()].map(({ parcel }) => parcel))
  const read = new Map(
    [...parcels].flatMap(({ made, items }) => {
      const { session, flush } = made!
      const again = readFlush(session, textOfFlush(flush.text))
      if (!again.ok) throw new Error(again.error.message)
      return authoredIn(again.value, session).map((message, i) => {
        expect(message.id).toBe(made!.messages[i]!.id)
        const { authorId, sessionId } = session.facts
        const context = { session: { authorId, sessionId }, arrival: 0, tableOf: () => table }
        ancestry.note(message)
        return [items[i]!.trace.id, { message, entry: toEntry(message, context) }] as const
      })
    }),
  )
  const order = [...plan.items.keys()]
  let [pairs, unseen] = [0, 0]
  for (const [row, list] of messagesByRow(trace.messages)) {
    const entityId = rowId(row)
    const inOrder = list.toSorted((a, b) => order.indexOf(a.id) - order.indexOf(b.id))
    for (const [at, { id, changes }] of inOrder.entries()) {
      const { parents } = changes.find(({ entity }) => entity === row)!
      const expected = new Set(seenBy(list, row, parents).map((one) => one.id))
      const { message, entry } = read.get(id)!
      const named = ancestry.seenBy(entityId, ancestry.parentsOf(message, entityId))
      const own = entry.writes.find((write) => write.entityId === entityId)!
      for (const other of inOrder.slice(0, at)) {
        const theirs = read.get(other.id)!
        const write = theirs.entry.writes.find((one) => one.entityId === entityId)!
        const found = [saw(own, write), named.has(theirs.message)]
        const isSeen = expected.has(other.id)
        if (found.some((each) => each !== isSeen))
          throw new Error(`history ${seed}, ${row}: ${id} and ${other.id}: ${found.join()}`)
        pairs++
        if (!isSeen) unseen++
      }
    }
  }
  const together = [...parcels].filter(({ items }) => items.length > 1)
  return { pairs, unseen, together: together.reduce((sum, { items }) => sum + items.length, 0) }
}

test.each<[string, Partial<HistoryOptions>]>([
  ['usual edits and merges', {}],
  ['writes that keep a part of a conflict', { keep: 0.4, exchange: 0.3 }],
  ['parents that are no heads', { oddParents: 0.4, keep: 0.2 }],
  ['few rows, authors who seldom listen', { rows: 2, authors: 7, exchange: 0.25 }],
  ['transactions over many rows', { rows: 9, changesMax: 9, exchange: 0.3 }],
])('SEEN1 seen: by numbers it is ancestry by parents: %s', (_, options) => {
  const all = { pairs: 0, unseen: 0, together: 0 }
  for (let seed = 1; seed <= 12; seed++) {
    const { pairs, unseen, together } = compare(seed, { messages: 80, ...options })
    all.pairs += pairs
    all.unseen += unseen
    all.together += together
  }
  expect(all.pairs).toBeGreaterThan(4_000)
  expect(all.unseen).toBeGreaterThan(1_000)
  expect(all.together).toBeGreaterThan(40)
})
