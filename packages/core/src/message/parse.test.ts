/**
 * Holds the checks of untrusted messages: what is well formed passes, one wrong part is
 * found, and no part of whatever content makes a check throw.
 */
import { bytesOf } from '../base/size.ts'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { Json } from '../base/json.ts'
import { uuid8 } from '../base/uuid.ts'
import { LIMITS } from './limits.ts'
import type { Change, ChangeMeta, Message, OwnSpan } from './message.ts'
import { boundsFault, changeFault, isCount, isSortedUnique, messageFault } from './parse.ts'

// Thousands of cases, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const uuid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(uuid8)
const salt = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'))

const A = '0190a6b2-3c4d-8e5f-8a7b-000000000001'
const B = '0190a6b2-3c4d-8e5f-8a7b-000000000002'
const C = '0190a6b2-3c4d-8e5f-8a7b-000000000003'
const SALT = 'AAAAAAAAAAAAAAAAAAAAAA'
const HASH = 'A'.repeat(43)

const meta: ChangeMeta = {
  type: 'issue',
  entityId: A,
  kind: 'update',
  schemaVersion: 1,
  parentCanonicalIds: [B, C],
  cut: 5,
  own: [
    { sessionId: B, from: 1, to: 4, except: [2, 3] },
    { sessionId: B, from: 6, to: 6, except: [] },
    { sessionId: C, from: 2, to: 3, except: [] },
  ],
  regs: ['$archived', 'points', 'title'],
  keep: { title: [B, C] },
}
const CHAIN = 'A'.repeat(22)
const change: Change = { meta, values: [true, { a: 1 }, 'x'], salt: SALT }
const created: Change = {
  ...change,
  meta: {
    type: 'issue',
    entityId: A,
    kind: 'create',
    schemaVersion: 1,
    sid: B,
    parentCanonicalIds: [],
    regs: meta.regs,
  },
}

/** The change with some parts of its meta replaced; `undefined` takes a part away. */
function withMeta(parts: { readonly [K in keyof ChangeMeta]?: unknown }): Change {
  const replaced = { ...meta, ...parts }
  for (const key of Object.keys(replaced) as (keyof ChangeMeta)[]) {
    if (replaced[key] === undefined) delete (replaced as Partial<Record<string, unknown>>)[key]
  }
  return { ...change, meta: replaced as ChangeMeta }
}

function withValue(reg: string, value: Json): Change {
  return {
    meta: { ...withMeta({ keep: undefined }).meta, regs: [reg] },
    values: [value],
    salt: SALT,
  }
}

describe('one change', () => {
  test.each<[string, Change]>([
    ['an update', change],
    ['a create', withMeta({ kind: 'create', parentCanonicalIds: [], keep: undefined })],
    ['a create for an earlier session', created],
    ['a resolve', withMeta({ kind: 'resolve', keep: undefined })],
    ['a migrate', withMeta({ kind: 'migrate', keep: undefined })],
    [
      'no registers',
      { meta: withMeta({ regs: [], keep: undefined }).meta, values: [], salt: SALT },
    ],
    ['erased values', { meta, valuesHash: HASH }],
    ['an unset value', withValue('title', { $unset: true })],
    ['an unset archive', withValue('$archived', { $unset: true })],
    ['a cut at the start', withMeta({ cut: 0 })],
    ['no cut and no spans', withMeta({ cut: undefined, own: undefined })],
    ['a deep dollar key', withValue('title', { a: { $unset: true } })],
    ['a list with dollars', withValue('title', [{ $a: 1 }])],
  ])('§3 well formed: %s passes', (_, given) => {
    expect(changeFault(given)).toBeUndefined()
  })

  const title = (length: number): string => 't'.repeat(length)
  test.each<[string, Change]>([
    ['no type', withMeta({ type: '' })],
    ['a type too long', withMeta({ type: title(65) })],
    ['a type with half a pair', withMeta({ type: 'a\ud800' })],
    ['no uuid', withMeta({ entityId: A.toUpperCase() })],
    ['a session on an update', withMeta({ sid: B })],
    ['a session that is no uuid', { ...created, meta: { ...created.meta, sid: 'x' } }],
    ['an unknown kind', withMeta({ kind: 'delete' })],
    ['a kind of Object.prototype', withMeta({ kind: 'constructor' })],
    ['version 0', withMeta({ schemaVersion: 0 })],
    ['version 1.5', withMeta({ schemaVersion: 1.5 })],
    ['version NaN', withMeta({ schemaVersion: Number.NaN })],
    ['a version too high', withMeta({ schemaVersion: 1_000_001 })],
    ['a create with parents', withMeta({ kind: 'create' })],
    ['an update without', withMeta({ parentCanonicalIds: [] })],
    ['parents unsorted', withMeta({ parentCanonicalIds: [C, B] })],
    ['a parent twice', withMeta({ parentCanonicalIds: [B, B] })],
    ['a parent that is no uuid', withMeta({ parentCanonicalIds: [B, 'x'] })],
    ['registers unsorted', withMeta({ regs: ['title', 'points', 'zeal'] })],
    ['a register twice', withMeta({ regs: ['title', 'title', 'zeal'] })],
    ['a register without a name', withMeta({ regs: ['', 'points', 'title'] })],
    ['a register too long', withMeta({ regs: ['$archived', 'title', title(257)] })],
    ['a register named id', withMeta({ regs: ['$archived', 'id', 'title'] })],
    ['a reserved register', withMeta({ regs: ['$archived', '$state', 'title'] })],
    ['a forbidden register', withMeta({ regs: ['__proto__', 'points', 'title'] })],
    ['a register with half a pair', withMeta({ regs: ['points', 'title', 'u\udc00'] })],
    ['a resolve that keeps a field', withMeta({ kind: 'resolve' })],
    ['a migrate that keeps', withMeta({ kind: 'migrate' })],
    ['keep without registers', withMeta({ keep: {} })],
    ['keep of a foreign register', withMeta({ keep: { other: [B] } })],
    ['keep without ids', withMeta({ keep: { title: [] } })],
    ['keep unsorted', withMeta({ keep: { title: [C, B] } })],
    ['keep with no uuid', withMeta({ keep: { title: ['x'] } })],
    ['keep of __proto__', withMeta({ keep: JSON.parse(`{"__proto__":["${B}"]}`) })],
    ['a value missing', { ...change, values: [true, 1] }],
    ['a value too many', { ...change, values: [true, 1, 2, 3] }],
    ['no values and no hash', { meta }],
    ['a hash that is none', { meta, valuesHash: 'x' }],
    ['no salt', { meta, values: change.values! }],
    ['a short salt', { ...change, salt: SALT.slice(1) }],
    ['a salt of another form', { ...change, salt: `${SALT.slice(1)}B` }],
    ['archived by a word', withValue('$archived', 'yes')],
    ['archived by null', withValue('$archived', null)],
    ['an unset archive with more', withValue('$archived', { $unset: true, a: 1 })],
    ['an unset value with more', withValue('title', { $unset: true, a: 1 })],
    ['unset by something else', withValue('title', { $unset: 1 })],
    ['a dollar key', withValue('title', { a: 1, $b: 2 })],
    ['a forbidden key', withValue('title', JSON.parse('{"__proto__":1}') as Json)],
    ['a value too deep', withValue('title', JSON.parse('['.repeat(17) + ']'.repeat(17)) as Json)],
    ['a text too long', withValue('title', 'x'.repeat(65_537))],
    ['half a pair', withValue('title', '\ud800')],
  ])('§3 malformed: %s is found', (_, given) => {
    expect(changeFault(given)).toMatch(/.{10,}/)
  })

  test('§3 well formed: every change of the right form passes, whatever its values', () => {
    const reg = fc.oneof(
      fc.constant('$archived'),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
    )
    const value = fc.oneof(
      fc.integer(),
      fc.string({ unit: 'binary' }),
      fc.constant({ $unset: true }),
    )
    fc.assert(
      fc.property(
        fc.uniqueArray(reg, { maxLength: 6 }),
        fc.uniqueArray(uuid, { minLength: 1, maxLength: 4 }),
        fc.array(value, { minLength: 6, maxLength: 6 }),
        salt,
        (regs, parents, values, given) => {
          const names = regs.filter(
            (name) => name === '$archived' || !/^(\$|id$|__proto__$)/.test(name),
          )
          const well: Change = {
            meta: {
              type: 'issue',
              entityId: A,
              kind: 'update',
              schemaVersion: 1,
              parentCanonicalIds: parents.sort(),
              regs: names.sort(),
            },
            values: names.map((name, i) => (name === '$archived' ? true : values[i]!)),
            salt: given,
          }
          expect(changeFault(well)).toBeUndefined()
        },
      ),
    )
  })
})

describe('a whole message', () => {
  const message: Message = {
    id: A,
    hash: HASH,
    header: {
      v: 1,
      space: A,
      authorId: A,
      sessionId: A,
      clientSeq: 1,
      timestamp: 0,
      personalCommit: HASH,
      seen: { eid: null, seq: 0, chain: '', from: 1, except: [] },
      leaves: [HASH, HASH],
    },
    changes: [withMeta({ cut: undefined }), null],
  }
  const withHeader = (parts: object): Message => ({
    ...message,
    header: { ...message.header, ...parts },
  })

  test('§3 well formed: a message passes, with changes withheld, too', () => {
    expect(messageFault(message)).toBeUndefined()
    expect(messageFault({ ...message, changes: [null, null] })).toBeUndefined()
  })

  test.each<[string, Message]>([
    ['no changes', { ...message, changes: [] }],
    ['one entity twice', { ...message, changes: [...message.changes, created] }],
    ['clientSeq 0', withHeader({ clientSeq: 0 })],
    ['clientSeq 1.5', withHeader({ clientSeq: 1.5 })],
    ['clientSeq beyond integers', withHeader({ clientSeq: 2 ** 53 })],
    ['a timestamp between milliseconds', withHeader({ timestamp: 0.5 })],
    ['a timestamp of text', withHeader({ timestamp: '0' })],
  ])('§3 malformed: %s is found', (_, given) => {
    expect(messageFault(given)).toMatch(/.{10,}/)
  })

  const many = (count: number): string[] =>
    Array.from(
      { length: count },
      (_, i) => `0190a6b2-3c4d-8e5f-8a7b-${String(i).padStart(12, '0')}`,
    )
  const names = (count: number): string[] => many(count).map((id) => `r${id}`)
  const ownSpans = (count: number): OwnSpan[] =>
    many(count).map((sessionId) => ({ sessionId, from: 1, to: 1, except: [] }))
  const one = (parts: { readonly [K in keyof ChangeMeta]?: unknown }): Message => ({
    ...message,
    changes: [null, withMeta(parts)],
  })

  test('§20 bounds: at each bound a message passes, one above it does not', () => {
    const of = (count: number): Message => ({
      ...message,
      changes: Array.from({ length: count }, () => change),
    })
    const cases: readonly [within: Message, above: Message][] = [
      [of(4_096), of(4_097)],
      [one({ regs: names(128) }), one({ regs: names(129) })],
      [one({ parentCanonicalIds: many(32) }), one({ parentCanonicalIds: many(33) })],
      [one({ keep: { title: many(32) } }), one({ keep: { title: many(33) } })],
      [one({ own: ownSpans(128) }), one({ own: ownSpans(129) })],
    ]
    for (const [within, above] of cases) {
      expect(boundsFault(within, bytesOf(1_048_576), LIMITS)).toBeUndefined()
      expect(boundsFault(above, bytesOf(1_048_576), LIMITS)).toMatch(/more than/)
    }
    expect(boundsFault(message, bytesOf(1_048_577), LIMITS)).toMatch(/more than 1048576 bytes/)
  })

  test('§20 bounds: a deployment may lower them', () => {
    expect(boundsFault(message, bytesOf(1), { ...LIMITS, messageChangesMax: 1 })).toMatch(
      /more than 1/,
    )
    expect(boundsFault(message, bytesOf(100), { ...LIMITS, messageBytesMax: 99 })).toMatch(
      /more than 99/,
    )
  })
})

describe('fuzz', () => {
  const text = fc.oneof(
    fc.constantFrom('', 'id', '__proto__', 'constructor', '$archived', '$unset', 'update', A, B),
    fc.string({ unit: 'binary' }),
    fc.string().map((given) => `${given}\ud800`),
    uuid,
  )
  const number = fc.oneof(fc.double(), fc.constantFrom(0, -1, 1, 1.5, 2 ** 53, Number.NaN))
  const texts = fc.array(text, { maxLength: 5 })
  const absent = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.option(arbitrary, { nil: undefined })
  const value = fc.oneof(fc.jsonValue(), fc.anything(), fc.dictionary(text, fc.jsonValue()))
  const numbers = fc.array(fc.oneof(fc.integer({ min: 0, max: 9 }), number), { maxLength: 3 })
  const wildSpan = fc.record({
    sessionId: text,
    from: fc.oneof(fc.constant(1), number),
    to: fc.oneof(fc.integer({ min: 0, max: 9 }), number),
    except: numbers,
  })
  const wildSeen = fc.record({
    eid: fc.oneof(fc.constant(null), text),
    seq: number,
    chain: fc.oneof(fc.constant(CHAIN), text),
    from: number,
    except: numbers,
  })
  const wildMeta = fc.record({
    type: text,
    entityId: text,
    sid: absent(text),
    kind: fc.oneof(fc.constantFrom('create', 'update', 'resolve', 'migrate'), text),
    schemaVersion: fc.oneof(fc.constant(1), number),
    parentCanonicalIds: texts,
    cut: absent(number),
    own: absent(fc.array(wildSpan, { maxLength: 3 })),
    regs: fc.oneof(
      texts.map((list) => [...new Set(list)].sort()),
      texts,
    ),
    keep: absent(fc.dictionary(text, texts, { noNullPrototype: false })),
  })
  const wildChange = fc.record({
    meta: wildMeta,
    values: absent(fc.array(value, { maxLength: 5 })),
    salt: absent(fc.oneof(fc.constant(SALT), fc.anything())),
    valuesHash: absent(fc.oneof(fc.constant(HASH), fc.anything())),
  }) as fc.Arbitrary<Change>
  const wildMessage = fc.record({
    id: text,
    hash: text,
    header: fc.record({
      v: number,
      space: text,
      authorId: text,
      sessionId: text,
      clientSeq: number,
      timestamp: number,
      personalCommit: text,
      seen: wildSeen,
      leaves: texts,
    }),
    changes: fc.array(fc.option(wildChange), { maxLength: 4 }),
  }) as unknown as fc.Arbitrary<Message>

  test('S17 integrity: no content of a change makes its check throw', () => {
    fc.assert(
      fc.property(wildChange, (given) => {
        expect(['string', 'undefined']).toContain(typeof changeFault(given))
      }),
      { numRuns: 1_000 },
    )
  })

  test('S17 integrity: no content of a message makes its checks throw', () => {
    fc.assert(
      fc.property(wildMessage, number, (given, bytes) => {
        expect(['string', 'undefined']).toContain(typeof messageFault(given))
        expect(['string', 'undefined']).toContain(typeof boundsFault(given, bytesOf(bytes), LIMITS))
      }),
      { numRuns: 1_000 },
    )
  })

  test('S17 integrity: a well-formed change with one part spoiled is found or is still well formed', () => {
    // One step away from the right form is where a check is most easily forgotten.
    const parts = fc.constantFrom(...(Object.keys(meta) as (keyof ChangeMeta)[]))
    fc.assert(
      fc.property(wildMeta, parts, (wild, part) => {
        const spoiled = withMeta({ [part]: wild[part] })
        const fault = changeFault(spoiled)
        if (fault !== undefined) return
        const { parentCanonicalIds, regs, keep, kind, sid, cut, own = [] } = spoiled.meta
        expect(isSortedUnique(parentCanonicalIds) && isSortedUnique(regs)).toBe(true)
        expect(kind === 'create').toBe(parentCanonicalIds.length === 0)
        expect(sid === undefined || kind === 'create').toBe(true)
        expect(Object.keys(keep ?? {}).every((reg) => regs.includes(reg))).toBe(true)
        expect(cut === undefined || isCount(cut)).toBe(true)
        for (const { from, to, except } of own)
          expect(except.every((no) => no > from && no < to)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('small checks', () => {
  test('§3 counts: whole numbers from 0 to what a double can count', () => {
    for (const good of [0, 1, Number.MAX_SAFE_INTEGER]) expect(isCount(good)).toBe(true)
    for (const bad of [-1, 0.5, Number.NaN, 2 ** 53, '1', null, undefined, 1n]) {
      expect(isCount(bad)).toBe(false)
    }
    expect(isCount(5, 4)).toBe(false)
  })

  test('§3 lists: sorted by code unit, none twice', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 6 }), (list) => {
        const sorted = [...new Set(list)].sort()
        expect(isSortedUnique(list)).toBe(
          list.join('\0') === sorted.join('\0') && list.length === sorted.length,
        )
        expect(isSortedUnique(sorted)).toBe(true)
      }),
    )
  })
})
