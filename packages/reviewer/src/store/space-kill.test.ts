/**
 * Real processes on one space of the SQLite store, killed at random moments between their writes
 * and amid them: one alone, and two at a time, which only the fence keeps apart.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { bytesOf } from '@countersign/core/ports'
import type { ScanPage, SpaceStore } from '@countersign/core/ports'
import { afterEach, expect, test } from 'vitest'
import { nextClientSeq, randomOf, statesOf } from './space-writes.test-kit.ts'
import type { Acked } from './space-writes.test-kit.ts'
import { MUCH, SPACE, freshFolder } from './spaces.test-kit.ts'
import { sqliteSpaces } from './sqlite-spaces.ts'

const child = new URL('space-kill.child.ts', import.meta.url).pathname
const children: ChildProcess[] = []
const folders: string[] = []

afterEach(async () => {
  for (const process of children.splice(0)) await killed(process)
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function killed(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return
  process.kill('SIGKILL')
  await once(process, 'exit')
}

class Writer {
  readonly name: string
  readonly acked: Acked[] = []
  #process: ChildProcess | undefined
  #line = ''
  #waiting: { readonly acks: number; readonly done: () => void } | undefined

  constructor(name: string) {
    this.name = name
  }

  start(folder: string, seed: number): void {
    const args = ['--conditions=@countersign/source', child, folder, this.name, String(seed)]
    const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#process = started
    this.#line = ''
    children.push(started)
    started.stdout.on('data', (chunk) => this.#read(String(chunk)))
  }

  /** Resolves when so many more writes are acknowledged. */
  acks(more: number): Promise<void> {
    return new Promise((done) => (this.#waiting = { acks: this.acked.length + more, done }))
  }

  async kill(): Promise<void> {
    await killed(this.#process!)
  }

  #read(text: string): void {
    const lines = (this.#line + text).split('\n')
    this.#line = lines.pop()!
    for (const line of lines) this.acked.push(JSON.parse(line) as Acked)
    if (this.#waiting !== undefined && this.acked.length >= this.#waiting.acks) this.#waiting.done()
  }
}

/** By writer and clientSeq, each seq of all batches; read a few bytes at a time. */
async function placesOf(store: SpaceStore, seq: number): Promise<Map<string, number>> {
  const places = new Map<string, number>()
  let next = 1
  for (;;) {
    const batches = await store.batches(next - 1, bytesOf(50))
    if (batches.length === 0) break
    for (const { fromSeq, toSeq, text } of batches) {
      expect([fromSeq, text.ok]).toEqual([next, true])
      const messages = JSON.parse(text.ok ? text.value : '') as [string, number][]
      expect(messages).toHaveLength(toSeq - fromSeq + 1)
      for (const [writer, clientSeq] of messages) {
        expect(places.has(`${writer} ${clientSeq}`), `${writer} ${clientSeq} twice`).toBe(false)
        places.set(`${writer} ${clientSeq}`, next++)
      }
    }
  }
  expect(next - 1).toBe(seq)
  return places
}

/** Nothing acknowledged is lost, nothing is there twice, and the ledger says what the batches say. */
async function expectTruth(
  store: SpaceStore,
  acked: ReadonlyMap<string, readonly Acked[]>,
): Promise<void> {
  const { seq } = await store.head()
  const places = await placesOf(store, seq)
  let accepted = 0
  for (const [writer, all] of acked) {
    const end = await nextClientSeq(store, writer)
    const keys = Array.from({ length: end - 1 }, (_, i) => i + 1)
    const answers = await store.ledger(writer, keys)
    const refused = await store.rejections(writer, 0, end)
    expect(refused.map((one) => [one.clientSeq, one.text])).toEqual(
      keys
        .filter((key) => answers[key - 1]!.kind === 'refused')
        .map((key) => [key, { ok: true, value: `no ${key}` }]),
    )
    for (const key of keys) {
      const place = places.get(`${writer} ${key}`)
      expect(answers[key - 1]).toEqual(
        place === undefined ? { kind: 'refused' } : { kind: 'accepted', seq: place },
      )
      if (place !== undefined) accepted++
    }
    for (const one of all) {
      if (one.kind === 'refused') expect(answers[one.clientSeq - 1]).toEqual({ kind: 'refused' })
      if (one.kind !== 'accepted') continue
      for (let i = 0; i < one.count; i++) {
        expect(places.get(`${writer} ${one.clientSeq + i}`)).toBe(one.seq + i)
      }
    }
  }
  expect(accepted).toBe(places.size)
}

/** `through` is not ahead of the head, and states and changes are exactly those of it. */
async function expectBehind(store: SpaceStore, ackedThrough: number): Promise<void> {
  const { seq, through, entities } = await store.head()
  expect(through).toBeLessThanOrEqual(seq)
  expect(through).toBeGreaterThanOrEqual(ackedThrough)
  const states = statesOf(through)
  expect(entities).toBe(states.length)
  const scan = await store.scan()
  const found: ScanPage['states'][number][] = []
  let after: string | undefined
  do {
    const page = await scan.page(after, bytesOf(200))
    found.push(...page.states)
    after = page.next
  } while (after !== undefined)
  await scan.close()
  expect(found).toHaveLength(states.length)
  for (const state of states) {
    const stored = found.find(({ entity }) => entity === state.entity)
    expect(stored).toEqual({ ...state, text: { ok: true, value: state.text } })
    const changes = await store.changes(state.entity, seq + 1, { count: 10_000, bytes: MUCH })
    const seqs = changes.map((change) => change.seq).toReversed()
    expect(`seqs ${seqs.join(' ')}`).toBe(state.text)
  }
}

/** Starts the writers, kills them after some writes each, checks the space; several times over. */
async function killAgain(writers: readonly Writer[], rounds: number): Promise<void> {
  const folder = freshFolder()
  folders.push(folder)
  const below = randomOf(writers.length)
  for (let round = 0; round < rounds; round++) {
    for (const writer of writers) writer.start(folder, below(1_000_000))
    await Promise.all(
      writers.map(async (writer) => {
        await writer.acks(10 + below(40))
        await writer.kill()
      }),
    )
    const spaces = sqliteSpaces(folder)
    const store = spaces.open(SPACE)
    await expectTruth(store, new Map(writers.map(({ name, acked }) => [name, acked])))
    const behind = writers.flatMap(({ acked }) => acked.filter((one) => one.kind === 'behind'))
    await expectBehind(store, Math.max(0, ...behind.map(({ through }) => through)))
    await spaces.close()
  }
  for (const kind of ['accepted', 'refused', 'behind']) {
    for (const { acked } of writers) expect(acked.some((one) => one.kind === kind)).toBe(true)
  }
}

test('a killed writer has lost nothing acknowledged, and stored nothing twice or ahead', () =>
  killAgain([new Writer('w1')], 3))

test('two writers at once, both killed: the fence keeps one order of both', () =>
  killAgain([new Writer('w1'), new Writer('w2')], 3))
