/** The rules of `examples/`, tested with a store; and invalid modules of rules. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SyncStore, createSyncStore } from '@countersign/core'
import { type LinkEvents, type Transport, memorySpaces } from '@countersign/core/ports'
import type { Reviewer } from '@countersign/core/reviewer'
import { type RunningReviewer, readEntities, startReviewer } from '@countersign/reviewer'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Issue } from '../examples/entities.ts'
import { readRules } from './rules.ts'

const example = (name: string): string => new URL(`../examples/${name}`, import.meta.url).pathname

let running: RunningReviewer | undefined
let folder: string
const stores: SyncStore[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-rules-'))
})

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
  await running?.close()
  running = undefined
  rmSync(folder, { recursive: true, force: true })
})

/** A transport that passes frames directly to the reviewer, one turn later. */
function wireTo(reviewer: Pick<Reviewer, 'connect'>): Transport {
  return {
    connect(events: LinkEvents) {
      const attached = reviewer.connect(
        {
          send: (text) => void setTimeout(() => events.frame(text)),
          close: (reason) => void setTimeout(() => events.closed(reason)),
        },
        { address: 'here' },
      )
      setTimeout(() => events.open())
      return {
        send: (text) => void setTimeout(() => attached.frame(text)),
        close: () => attached.closed(),
      }
    },
  }
}

async function person(personalId: string): Promise<SyncStore> {
  const { space, reviewer } = running!
  const transports = [wireTo(reviewer)]
  const store = createSyncStore({
    server: true,
    space,
    entities: [Issue],
    transports,
    identity: { personalId },
  })
  stores.push(store)
  await store.ready
  return store
}

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000 && !holds(); turn++)
    await new Promise((done) => setTimeout(done, 2))
  expect(holds()).toBe(true)
}

describe('the example rules', () => {
  beforeEach(async () => {
    running = await startReviewer({
      spaces: memorySpaces(),
      port: 0,
      entities: await readEntities(example('entities.ts')),
      ...(await readRules(example('rules.ts'))),
    })
  })

  test('only the author of an issue archives it, and every person edits it', async () => {
    const ann = await person('ann')
    const bob = await person('bob')
    const { id } = ann.create(Issue, { title: 'hers' })
    await until(() => bob.read(Issue, id) !== undefined)
    const archived = bob.archive(Issue, id)
    expect(bob.read(Issue, id)).toBeUndefined()
    expect(await archived.settled()).toMatchObject({
      verdict: 'rejected',
      reason: 'unauthorised',
      detail: 'only its author may archive this',
    })
    expect(bob.read(Issue, id)).toMatchObject({ title: 'hers' })
    expect(await bob.update(Issue, id, { title: 'theirs' }).settled()).toMatchObject({
      verdict: 'accepted',
    })
    expect(await ann.archive(Issue, id).settled()).toMatchObject({ verdict: 'accepted' })
  })

  test('a sprint has at most 100 points, and issues have numbers without gaps', async () => {
    const ann = await person('ann')
    const issue = (points: number, sprint: string): ReturnType<SyncStore['create']> =>
      ann.create(Issue, { title: `${points} points`, points, sprint })
    const written = [issue(60, 'one'), issue(41, 'one'), issue(40, 'one'), issue(41, 'two')]
    const verdicts = await Promise.all(written.map((receipt) => receipt.settled()))
    expect(verdicts).toMatchObject([
      { verdict: 'accepted' },
      { verdict: 'rejected', reason: 'invalid', detail: 'one would have 101 points' },
      { verdict: 'accepted' },
      { verdict: 'accepted' },
    ])
    const numbers = ann.query(Issue, { orderBy: ['number'] }).rows.map((row) => row.number)
    expect(numbers).toEqual([1, 2, 3])
    // Moving an issue over is refused, too.
    const moved = ann.update(Issue, written[3]!.id, { sprint: 'one' })
    expect(await moved.settled()).toMatchObject({ detail: 'one would have 141 points' })
  })
})

describe('a module of rules', () => {
  const modules: [text: string, says: RegExp][] = [
    [
      'export const other = 1',
      /must export authenticate, capabilities, canRead, review, rules, assign or messageLimits$/,
    ],
    ['export const authenticate = 1', /exports authenticate, which is not a function$/],
    ['export const capabilities = []', /exports capabilities, which is not a function$/],
    ['export const canRead = true', /exports canRead, which is not a function$/],
    [
      'export const rules = { issue: 1 }',
      /exports rules, which must be functions by type and verb/,
    ],
    ['export const review = {}', /exports review, which is not a function$/],
    [
      'export const assign = { issue: 1 }',
      /exports assign, which must be functions by type and field/,
    ],
    ['export const assign = { issue: { number: 1 } }', /exports assign/],
    [
      'export const messageLimits = { flushes: 1 }',
      /exports messageLimits with flushes, which is no/,
    ],
    ['export const messageLimits = { sealsMax: 0 }', /exports messageLimits with sealsMax/],
    ['throw new Error("no such thing")', /cannot be loaded: no such thing$/],
  ]
  test.each(modules)('that says %j is one line', async (text, says) => {
    const file = join(folder, 'rules.mjs')
    writeFileSync(file, text)
    await expect(readRules(file)).rejects.toThrow(says)
    await expect(readRules(file)).rejects.toThrow(`--rules ${file}`)
  })

  test('that is not there is one line', async () => {
    await expect(readRules(join(folder, 'gone.mjs'))).rejects.toThrow(/^--rules .*cannot be loaded/)
  })

  test('with assigners for types that are not declared keeps the reviewer from starting', async () => {
    const { assign } = await readRules(example('rules.ts'))
    const starting = startReviewer({ spaces: memorySpaces(), port: 0, assign })
    await expect(starting).rejects.toThrow('not among the entities')
  })
})
