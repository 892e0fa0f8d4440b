/**
 * Crash tests of a space in SQLite: real processes killed during their writes, one alone and two at a
 * time, synchronized only by the fence; and the log truncated at each of its pages.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { NEW_HEAD, STORE_KEYS_MAX, bytesOf } from '@countersign/core/ports'
import type { ScanPage, SpaceHead, SpaceStore } from '@countersign/core/ports'
import { afterEach, expect, test } from 'vitest'
import { behindOf, nextClientSeq, randomOf, statesOf } from './space-writes.test-kit.ts'
import type { Acked } from './space-writes.test-kit.ts'
import { MUCH, SPACE, fileOf, freshFolder } from './spaces.test-kit.ts'
import { sqliteSpaces } from './sqlite-spaces.ts'

const child = new URL('space-kill.child.ts', import.meta.url).pathname
const children: ChildProcess[] = []
const folders: string[] = []

afterEach(async () => {
  for (const process of children.splice(0)) await killed(process)
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function newFolder(): string {
  const folder = freshFolder()
  folders.push(folder)
  return folder
}

async function killed(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return
  process.kill('SIGKILL')
  await once(process, 'exit')
}

class Writer {
  readonly name: string
  readonly acked: Acked[] = []
  #process: ChildProcess | undefined
  #ready = Promise.withResolvers<void>()
  #line = ''

  constructor(name: string) {
    this.name = name
  }

  /** Loaded, and waits for `go`. `statements`: after how many of them it kills itself. */
  start(folder: string, seed: number, statements: number, shell = ':'): Promise<void> {
    const args = [child, folder, this.name, String(seed), String(statements)]
    const command = [process.execPath, '--conditions=@countersign/source', ...args]
    const started = spawn('sh', ['-c', `${shell}; exec "$@"`, 'sh', ...command], {
      stdio: ['pipe', 'pipe', shell === ':' ? 'inherit' : 'ignore'],
    })
    this.#process = started
    this.#ready = Promise.withResolvers()
    this.#line = ''
    children.push(started)
    started.stdout!.on('data', (chunk) => this.#read(String(chunk)))
    return this.#ready.promise
  }

  go(): void {
    this.#process!.stdin!.end()
  }

  async death(): Promise<void> {
    const [, signal] = (await once(this.#process!, 'close')) as [unknown, string]
    expect(signal).toBe('SIGKILL')
  }

  /** It ends by itself. */
  async exit(): Promise<number> {
    const [code] = (await once(this.#process!, 'close')) as [number]
    return code
  }

  async kill(): Promise<void> {
    await killed(this.#process!)
  }

  #read(text: string): void {
    const lines = (this.#line + text).split('\n')
    this.#line = lines.pop()!
    for (const line of lines) {
      if (line === 'ready') this.#ready.resolve()
      else this.acked.push(JSON.parse(line) as Acked)
    }
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

/** As many as a store takes in one call: a writer on a fast machine has more. */
function inParts(keys: readonly number[]): readonly (readonly number[])[] {
  const count = Math.ceil(keys.length / STORE_KEYS_MAX)
  return Array.from({ length: count }, (_, i) =>
    keys.slice(i * STORE_KEYS_MAX, (i + 1) * STORE_KEYS_MAX),
  )
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
    const answers = (
      await Promise.all(inParts(keys).map((part) => store.ledger(writer, part)))
    ).flat()
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

async function expectWhole(folder: string, writers: readonly Writer[]): Promise<void> {
  const spaces = sqliteSpaces(folder)
  const store = spaces.open(SPACE)
  await expectTruth(store, new Map(writers.map(({ name, acked }) => [name, acked])))
  const behind = writers.flatMap(({ acked }) => acked.filter((one) => one.kind === 'behind'))
  await expectBehind(store, Math.max(0, ...behind.map(({ through }) => through)))
  await spaces.close()
}

/** Of each kind of write each writer had some acknowledged. */
function expectAll(writers: readonly Writer[]): void {
  for (const kind of ['accepted', 'refused', 'behind']) {
    for (const { acked } of writers) expect(acked.some((one) => one.kind === kind)).toBe(true)
  }
}

test('a writer that is killed has lost nothing acknowledged, and stored nothing twice or ahead', async () => {
  const folder = newFolder()
  const writer = new Writer('w1')
  const below = randomOf(1)
  for (let round = 0; round < 4; round++) {
    await writer.start(folder, below(1_000), 150 + below(300))
    writer.go()
    await writer.death()
    await expectWhole(folder, [writer])
  }
  expectAll([writer])
})

test('two writers at once, one killed amid a write, one from outside: one order of both', async () => {
  const folder = newFolder()
  const writers = [new Writer('w1'), new Writer('w2')] as const
  const below = randomOf(2)
  for (let round = 0; round < 2; round++) {
    await Promise.all([
      writers[0].start(folder, below(1_000), 300 + below(300)),
      writers[1].start(folder, below(1_000), 1_000_000),
    ])
    for (const writer of writers) writer.go()
    await writers[0].death()
    const soon = writers[1].acked.length + 10
    while (writers[1].acked.length < soon) await new Promise((done) => setTimeout(done, 2))
    await writers[1].kill()
    await expectWhole(folder, writers)
  }
  expectAll(writers)
})

test('a disk that fills up makes a write reject, and leaves whole writes', async () => {
  const folder = newFolder()
  const writer = new Writer('w1')
  // Files of this process may grow to 600 blocks of 512 bytes or 1 KiB; then writes fail.
  await writer.start(folder, 4, 1_000_000, 'ulimit -f 600')
  writer.go()
  expect(await writer.exit()).toBe(1)
  expectAll([writer])
  await expectWhole(folder, [writer])
})

test('a power cut that leaves any part of the log leaves whole writes, and every acknowledged one', async () => {
  const folder = newFolder()
  const spaces = sqliteSpaces(folder)
  const store = spaces.open(SPACE)
  const below = randomOf(3)
  const file = fileOf(folder)
  /** After each write: the length of the log, all of which is on the disk by then, and the head. */
  const writes: { readonly end: number; readonly head: SpaceHead }[] = []
  for (let clientSeq = 1; clientSeq < 10; clientSeq++) {
    const head = await store.head()
    const [sessionId, text] = ['w1', JSON.stringify([['w1', clientSeq]])]
    const commit = { epoch: 1, expect: head, sessions: [{ sessionId, text }], head: `${clientSeq}` }
    const seq = head.seq + 1
    const accepted = [{ sessionId, clientSeq, count: 1, seq }]
    const batch = { fromSeq: seq, toSeq: seq, text, seals: '' }
    const rejections = [{ msgId: `m${clientSeq}`, sessionId, clientSeq, text: `no ${clientSeq}` }]
    await store.append({
      ...commit,
      ...(clientSeq % 3 === 0 ? { rejections } : { batch, accepted }),
    })
    writes.push({ end: statSync(`${file}-wal`).size, head: await store.head() })
    const { through, seq: to } = await store.head()
    if (to === through || below(2) === 0) continue
    await store.writeBehind(behindOf(through, to))
    writes.push({ end: statSync(`${file}-wal`).size, head: await store.head() })
  }
  const [main, log] = [readFileSync(file), readFileSync(`${file}-wal`)]
  await spaces.close()
  const cut = newFolder()
  mkdirSync(dirname(fileOf(cut)))
  // The log has a head of 32 bytes, and pages of 4,096 with 24 before each.
  for (let end = 32; end <= log.length; end += 4_120) {
    writeFileSync(fileOf(cut), main)
    writeFileSync(`${fileOf(cut)}-wal`, log.subarray(0, end))
    rmSync(`${fileOf(cut)}-shm`, { force: true })
    const after = sqliteSpaces(cut)
    const last = writes.findLast((write) => write.end <= end)
    const left = after.open(SPACE)
    expect(await left.head(), `log of ${end} bytes`).toEqual(last?.head ?? NEW_HEAD)
    await expectTruth(left, new Map([['w1', []]]))
    await expectBehind(left, 0)
    await after.close()
  }
  expect(log.length).toBeGreaterThan(50 * 4_120)
})
