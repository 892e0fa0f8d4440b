/** Who is found for a row: those whose scopes have it, however many scopes there are. */
import { expect, test } from 'vitest'
import { isInScope } from '../fold/in-scope.ts'
import type { EntityState } from '../fold/state.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import { RegisterTable } from '../schema/registers.ts'
import { Entry, Write } from '../history/entry.ts'
import type { Bound } from '../wire/scope-range.ts'
import type { Scope, ScopeValue } from '../wire/scopes.ts'
import { ScopeIndex } from './scope-index.ts'

const IDS = [1, 2, 3].map((n) => `0190a6b2-3c4d-8e5f-8a7b-00000000000${n}`)
const [ID] = IDS as [string]
const any = new SeededRandom(3)
const below = (count: number): number => Math.floor(any.unit() * count)
const table = new RegisterTable([])
const VALUES: readonly ScopeValue[] = ['a', 'b', 1, 2, 3, true, false, null, '1']
const value = (): ScopeValue => VALUES[below(VALUES.length)]!

/** A state in which registers have up to two live writes. */
function anyState(): EntityState {
  const session = { authorId: ID, sessionId: ID }
  const entry = new Entry({ session, clientSeq: 1, timestamp: 0, arrival: 0 })
  const entityId = IDS[below(3)]!
  const write = (): Write => {
    const regs = table.set(['x', 'y'].slice(below(2)))
    const values = Object.fromEntries(regs.names.map((reg) => [reg, value()]))
    const facts = { index: 0, type: 't', entityId, kind: 'create', version: 1, regs } as const
    return new Write(entry, facts, values)
  }
  const writes = [write(), ...(below(2) === 0 ? [write()] : [])]
  const live = table.names.map((reg) => writes.filter(({ regs }) => regs.names.includes(reg)))
  const [created] = writes
  return {
    ...{ heads: writes, live, created: created!, last: writes.at(-1)!, linear: false },
    ...{ bases: undefined, totals: undefined, redacted: undefined },
  }
}

function anyScope(): Scope {
  const type = below(5) === 0 ? 'u' : 't'
  if (below(5) === 0) return { type, equal: [], ids: IDS.slice(below(3)) }
  const regs = ['x', 'y'].filter(() => below(2) === 0)
  const bound = (): Bound | undefined =>
    below(4) === 0 ? undefined : { value: below(4), isIn: below(2) === 0 }
  const text: Bound = { value: ['', 'a', '1'][below(3)]!, isIn: below(2) === 0 }
  const [from, to] = below(3) === 0 ? [undefined, text] : [bound(), bound()]
  return {
    ...{ type, equal: regs.map((reg) => [reg, value()] as const) },
    ...(below(3) > 0 && (from ?? to) && { range: { reg: 'y', from, to } }),
  }
}

test('VIEW3: finds those that a comparison with every scope finds, while scopes come and go', () => {
  const index = new ScopeIndex<string>()
  const followed = new Map<string, { readonly scope: Scope; readonly end: () => void }>()
  let hits = 0
  for (let step = 0; step < 3_000; step++) {
    const by = `link ${below(60)}`
    const known = followed.get(by)
    known?.end()
    followed.delete(by)
    if (below(3) > 0) {
      const scope = anyScope()
      followed.set(by, { scope, end: index.add(scope, by) })
    }
    const state = anyState()
    const found = new Set<string>()
    index.find('t', state, table, found)
    const expected = [...followed].filter(
      ([, { scope }]) => scope.type === 't' && isInScope(state, scope, table),
    )
    expect([...found].sort()).toEqual(expected.map(([link]) => link).sort())
    hits += found.size
    expect(index.has('u')).toBe([...followed.values()].some(({ scope }) => scope.type === 'u'))
  }
  expect(hits).toBeGreaterThan(1_000)
  for (const { end } of followed.values()) end()
  expect([index.has('t'), index.has('u')]).toEqual([false, false])
})
