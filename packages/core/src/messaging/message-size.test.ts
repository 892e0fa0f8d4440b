/** The size of a message before it is made, against the text that is made of it. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from '../base/json.ts'
import { utf8Bytes } from '../base/size.ts'
import type { Entry } from '../history/entry.ts'
import { DESK_SPACE, Desk, type HandChange } from '../testing/desk.ts'
import { RegisterTable } from '../schema/registers.ts'
import type { Message, Seen } from '../message/message.ts'
import { packMessages } from '../protocol/pack.ts'
import { unpackMessages } from '../protocol/pack.ts'
import { intake } from './materialize.ts'
import { messageBytes, messageBytesAtMost } from './message-size.ts'

const UNITS = ['a', 'é', 'я', '汉', '🙂', '"', '\\', '\n', '\u0001', '\u2028']
const value: fc.Arbitrary<Json> = fc.oneof(
  fc.array(fc.constantFrom(...UNITS), { maxLength: 40 }).map((units) => units.join('')),
  fc.constantFrom<Json>(1e20, 1e-7, -1.5, 0, true, null, [], [1e20, 'я'], { я: [{ n: 1 }] }),
)
const shape = fc.record({
  type: fc.constantFrom('issue', 'note'),
  values: fc.dictionary(fc.constantFrom('title', 'notes', 'поле', 'n'), value, { minKeys: 1 }),
  parents: fc.integer({ min: 0, max: 3 }),
})

const seen: fc.Arbitrary<Seen> = fc.oneof(
  fc.constant({ eid: null, seq: 0, chain: '', from: 1, except: [2] }),
  fc.record({
    eid: fc.constant(DESK_SPACE),
    seq: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
    chain: fc.constant('A'.repeat(22)),
    from: fc.constant(1),
    except: fc.constantFrom<readonly number[]>([], [2], [2, 3]),
  }),
)

/** The entry of a message, as its author has it. */
function entryOf(message: Message, known: ReadonlyMap<string, Entry>): Entry {
  const table = new RegisterTable()
  const { authorId, sessionId } = message.header
  return intake(message, {
    pending: (id) => known.get(id),
    session: { authorId, sessionId },
    arrival: 0,
    tableOf: () => table,
  })
}

test('§20 sizes: a message is never larger than it was taken for, and hardly smaller', async () => {
  const desk = await Desk.open()
  const ann = await desk.author('ann')
  fc.assert(
    fc.property(
      fc.array(shape, { minLength: 1, maxLength: 12 }),
      fc.boolean(),
      seen,
      (shapes, expects, seenNow) => {
        // Three messages that create all rows; a change has some of them as its parents.
        const ids = shapes.map(() => ann.ids.next())
        const rows = (n: number): HandChange[] =>
          shapes.map(({ type }, i) => ({ type, id: ids[i]!, kind: 'create', values: { n } }))
        const roots = [0, 1, 2].map((n) => ann.message(rows(n)))
        const changes = shapes.map(({ parents, ...change }, i): HandChange => {
          const kind = parents === 0 ? 'create' : 'update'
          return { ...change, id: ids[i]!, kind, parents: roots.slice(0, parents) }
        })
        const heads = roots.map(({ id }) => id).sort()
        const expect_ = ids.map((entityId) => ({ entityId, heads }))
        const message = ann.message(changes, {
          seen: seenNow,
          ...(expects && { expect: expect_ }),
        })
        const text = packMessages([message])
        expect(unpackMessages(JSON.parse(text), DESK_SPACE).ok).toBe(true)
        const known = new Map(roots.map((root) => [root.id, entryOf(root, new Map())]))
        const { writes } = entryOf(message, known)
        const bytes = messageBytes(writes, message.header)
        expect(bytes).toBeGreaterThanOrEqual(utf8Bytes(text))
        expect(messageBytesAtMost(writes, message.header)).toBeGreaterThanOrEqual(bytes)
        // Numbers may have 16 digits, and a session is spelled out in the first span that names it.
        const spare = 60 + (seenNow.eid === null ? 112 : 64)
        expect(bytes).toBeLessThan(utf8Bytes(text) + spare + 160 * shapes.length)
      },
    ),
    { numRuns: 300 },
  )
})
