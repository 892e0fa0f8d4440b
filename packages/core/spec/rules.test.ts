/** Holds the specification: ids are unique, each rule has an observable, quoted rules exist, bounds are those of the code. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { JSON_BOUNDS } from '../src/base/json.ts'
import { compareText } from '../src/base/uuid.ts'
import { LIMITS } from '../src/facts/limits.ts'
import { FINAL_REASONS } from '../src/facts/message.ts'

const core = new URL('..', import.meta.url)
const [spec = '', ...chapters] = ['SPEC.md', 'spec/texts.md', 'spec/versions.md'].map((path) =>
  readFileSync(new URL(path, core), 'utf8'),
)
/** A rule ends where the next one, or a heading, begins. */
const rules = [spec, ...chapters].flatMap((text) =>
  text.split(/^(?=- \*\*|#)/m).flatMap((part) => {
    const id = /^- \*\*([A-Z]+\d+)\*\*/.exec(part)?.[1]
    return id === undefined ? [] : [{ id, text: part }]
  }),
)

test('each rule has an id of its own, and one observable', () => {
  const ids = rules.map(({ id }) => id)
  expect(ids.length).toBeGreaterThan(100)
  expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([])
  const without = rules.filter(({ text }) => text.split('*Observable:*').length !== 2)
  expect(without.map(({ id }) => id)).toEqual([])
})

test('each rule that is quoted is one', () => {
  const ids = new Set(rules.map(({ id }) => id))
  const prefixes = [...new Set(rules.map(({ id }) => id.replace(/\d+$/, '')))]
  const quoted = [spec, ...chapters]
    .join('\n')
    .match(new RegExp(`\\b(?:${prefixes.join('|')})\\d+\\b`, 'g'))
  expect([...new Set(quoted)].filter((id) => !ids.has(id))).toEqual([])
})

test('the numbers of each kind of rule leave none out', () => {
  const last = new Map<string, number>()
  for (const { id } of rules) {
    const [, prefix = '', no] = /^([A-Z]+)(\d+)$/.exec(id)!
    expect(`${prefix}${no}`).toBe(`${prefix}${(last.get(prefix) ?? 0) + 1}`)
    last.set(prefix, Number(no))
  }
})

test('each final reason of the code is in the table of reasons', () => {
  for (const reason of FINAL_REASONS) expect(spec).toMatch(new RegExp(`^\\| .*\`${reason}\``, 'm'))
})

test('each tag of the code is in the table of tags, and none besides', () => {
  const code = readFileSync(new URL('src/base/hash.ts', core), 'utf8').match(/'cs\/[a-z]+'/g)
  const table = spec.match(/^\| `cs\/[a-z]+` \|/gm)
  const tags = (found: readonly string[] | null): readonly string[] =>
    [...new Set(found?.map((text) => /cs\/[a-z]+/.exec(text)![0]))].toSorted(compareText)
  expect(tags(table)).toEqual(tags(code))
})

test('the example of section 26 is what the vectors have', () => {
  const vectors = readFileSync(new URL('vectors/exchange.json', core), 'utf8')
  const { frames, hashes, signatures } = JSON.parse(vectors) as {
    readonly frames: readonly { readonly text: string }[]
    readonly hashes: readonly { readonly value?: unknown; readonly hash: string }[]
    readonly signatures: readonly { readonly value: unknown }[]
  }
  const known = new Set([
    ...frames.flatMap(({ text }) => text.split('\n')),
    ...[...hashes, ...signatures].map(({ value }) => JSON.stringify(value)),
  ])
  const [, example = ''] = spec.split('\n## 26. ')
  const lines = example.split('\n')
  expect(lines.filter((line) => /^["[]/.test(line) && !known.has(line))).toEqual([])
  expect(lines.filter((line) => known.has(line)).length).toBeGreaterThan(30)
  const quoted = example.match(/[\w-]{43}/g)?.filter((text) => !vectors.includes(text))
  expect(quoted).toEqual([])
})

test.each<readonly [string, readonly (number | string)[]]>([
  ['bytes of one carried text', [LIMITS.frameBytesMax]],
  [
    'bytes of a frame, from an author; from a reviewer',
    [LIMITS.authorFrameBytesMax, LIMITS.reviewerFrameBytesMax],
  ],
  ['parents of a change, all kinds; names of a `keep`', [LIMITS.parentsMax, LIMITS.keepMax]],
  ['spans of `own` and parents of a change', [LIMITS.ownSpansMax]],
  ['live writes of a register', [LIMITS.liveWritesMax]],
  ['bytes of the state of an entity', [LIMITS.entityBytesMax]],
  ['writes in `standing`; its bytes', [LIMITS.standingMax, LIMITS.standingBytesMax]],
  ['bytes of a string', [JSON_BOUNDS.stringBytesMax]],
  ['parts of a snapshot', [LIMITS.snapshotPartsMax]],
  ['bytes of pages that a follower keeps for its next link', [LIMITS.keptPagesBytesMax]],
  ['bytes of encoded pages that a reviewer keeps, of all its spaces', [LIMITS.snapshotBytesMax]],
  [
    'sessions of a `bind`; of a link; without a verdict at a reviewer',
    [LIMITS.sessionsPerBindMax, LIMITS.sessionsPerLinkMax, LIMITS.idleSessionsMax],
  ],
  ['rejections that are kept, about', [LIMITS.rejectionsMax]],
  [
    'of a person: messages a second; at once',
    [LIMITS.personMessagesPerSecond, LIMITS.personMessagesBurst],
  ],
  [
    'of a person: bytes of flushes a second; at once',
    [LIMITS.personBytesPerSecond, LIMITS.personBytesBurst],
  ],
  [
    'of a person: bytes of answers a second; at once',
    [LIMITS.personReadBytesPerSecond, LIMITS.personReadBytesBurst],
  ],
  [
    'of a person: sessions that are bound; answers to `want` at a time',
    [LIMITS.sessionsPerPersonMax, LIMITS.wantsPerPersonMax],
  ],
  ['proofs of two messages with one number', [LIMITS.evidenceMax]],
  ['messages waiting for a commit; of one link', [LIMITS.waitingMessagesMax, 'twice the credits']],
  ['changes of an entity that are looked at for a base', [LIMITS.baseChangesMax]],
  ['entities of a page', [LIMITS.pageEntitiesMax]],
  ['outbox of a store: messages; bytes', [LIMITS.outboxMessagesMax, LIMITS.outboxBytesMax]],
])('the specification has the bound of the code: %s', (what, bounds) => {
  const row = spec.split('\n').find((line) => line.startsWith(`| ${what} |`))
  const numbers = row?.split('|')[2]?.replaceAll(',', '').trim().split('; ')
  expect(numbers).toEqual(bounds.map(String))
})
