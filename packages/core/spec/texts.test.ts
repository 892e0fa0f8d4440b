/** Holds the chapter on texts: each rule has a test that quotes it, each quoted rule exists, bounds are those of the code. */
import { readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { FACT_BOUNDS } from '../src/facts/bounds.ts'
import { BATCH_BOUNDS } from '../src/wire/bounds.ts'

const core = new URL('..', import.meta.url)
const chapter = readFileSync(new URL('spec/texts.md', core), 'utf8')

function rulesIn(text: string): ReadonlySet<string> {
  return new Set(text.match(/\b(?:FACT|BATCH)\d+\b/g))
}

const tests = ['src/facts/', 'src/wire/', 'src/base/', 'vectors/'].flatMap((folder) =>
  readdirSync(new URL(folder, core))
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => readFileSync(new URL(folder + name, core), 'utf8')),
)

test('each rule of the chapter is quoted by a test, and each quoted rule is in the chapter', () => {
  const defined = new Set([...chapter.matchAll(/^- \*\*(\w+)\*\*/gm)].map(([, id]) => id))
  expect(defined.size).toBe(28)
  expect(rulesIn(tests.join('\n'))).toEqual(defined)
  for (const id of rulesIn(chapter)) expect(defined).toContain(id)
})

test.each([
  ['messages of a flush', FACT_BOUNDS.flushMessagesMax],
  ['bytes of a flush of several messages', FACT_BOUNDS.flushBytesMax],
  ['bytes of a flush of one message', FACT_BOUNDS.messageBytesMax],
  ['changes of a message', FACT_BOUNDS.messageChangesMax],
  ['entities in `expect`', FACT_BOUNDS.expectMax],
  ['registers of a change', FACT_BOUNDS.registersMax],
  ['canonical names in a list', FACT_BOUNDS.canonicalNamesMax],
  ['other names in a list; spans of an `own`', FACT_BOUNDS.pendingNamesMax],
  ['messages of a batch', BATCH_BOUNDS.batchMessagesMax],
  ['bytes of a batch', BATCH_BOUNDS.batchBytesMax],
  ['bytes of a review line with its value lines', BATCH_BOUNDS.reviewBytesMax],
  ['bytes of the value lines of a review', BATCH_BOUNDS.basesBytesMax],
  ['bytes of the value of a base, as canonical JSON', BATCH_BOUNDS.baseValueBytesMax],
  ['places of a message on other lineages', BATCH_BOUNDS.otherPlacesMax],
])('the chapter has the bound of the code: %s', (what, max) => {
  const row = new RegExp(`\\| ${what.replaceAll(/[.*+?^()|]/g, '\\$&')} +\\| ([\\d,]+) `)
  expect(row.exec(chapter)?.[1]?.replaceAll(',', '')).toBe(String(max))
})
