/** A checkpoint that is written in slices, while messages come in. */
import { expect, it } from 'vitest'
import type { Uuid } from '../../base/uuid.ts'
import { Entry, Write } from '../../history/entry.ts'
import { saw } from '../../history/saw.ts'
import { LIMITS } from '../../facts/limits.ts'
import { TailReader } from '../../sync/tail.ts'
import type { Clock } from '../../ports/clock.ts'
import { memoryStorage } from '../../ports/memory-storage.ts'
import {
  type Checkpoint,
  type Page,
  type Storage,
  type StorageHandle,
  type StoredState,
  type WriteBatch,
  type Written,
  allPages,
} from '../../ports/storage.ts'
import type { BatchBounds } from '../../wire/bounds.ts'
import { type PageEntity, pageText, readPage } from '../../wire/pages.ts'
import { PageLoader, PageWriter } from '../../fold/snapshot.ts'
import { headsOf, writesOf, liveOf } from '../../fold/state.ts'
import { Repo } from '../../rows/repo.ts'
import { RegisterTable } from '../../schema/registers.ts'
import { seenNothing, spansNaming } from '../../testing/exact-seen.ts'
import { reviewingOf } from '../../testing/reviewing.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { OwnBytes } from './own-bytes.ts'
import { CanonicalDisk } from './canonical-disk.ts'
import { readCheckpoint } from './checkpoint.ts'
import type { Disk } from './disk.ts'

const idOf = (n: number): Uuid => `00000000-0000-8000-8000-${n.toString(16).padStart(12, '0')}`
const by = { reviewerId: idOf(9), eid: idOf(8), epoch: 1, chain: 'A'.repeat(43) }
const position = { ...by, seq: 1 }
const SESSION = idOf(2)

class Desk {
  readonly repo: Repo = repoOf()
  readonly batches: WriteBatch[] = []
  readonly disk: CanonicalDisk
  readonly storage: Storage = memoryStorage()
  #handle: StorageHandle | undefined
  readonly #position = { ...position, seq: 0 }
  readonly #due: (() => void)[] = []
  #fresh: Entry[] = []

  constructor(checkpointStepsMax = 0) {
    let now = 0
    const clock = {
      monotonic: () => (now += 1_000), // each slice has taken its time
      after: (_: number, task: () => void) => {
        this.#due.push(task)
        return () => {}
      },
    }
    this.disk = new CanonicalDisk({
      disk: {
        write: (batch: WriteBatch) => this.#write(batch),
        writeCheckpoint: async (batch: WriteBatch) => (await this.#write(batch)).isCheckpointStored,
      } as unknown as Disk,
      repo: this.repo,
      tail: { position: this.#position } as unknown as TailReader,
      clock: clock as unknown as Clock,
      limits: { ...LIMITS, checkpointStepsMax, storedPageEntitiesMax: 2 },
      settledOwn: new OwnBytes(),
      isPartial: false,
      sessionId: () => SESSION,
    })
  }

  /** `seen`: all that its author has seen of the entity. */
  write(entity: number, seen: readonly Write[], values: Record<string, number>): Write {
    const seq = ++this.#position.seq
    const session = { authorId: idOf(1), sessionId: SESSION }
    const facts = { session, clientSeq: seq, timestamp: 0, arrival: seq }
    const entry = new Entry({ ...facts, seen: seenNothing(seq) })
    entry.identify(idOf(1_000 + seq), undefined)
    entry.review = { ...by, seq, forked: false, at: 0 }
    const { registers } = this.repo.tableNamed('t')
    const names = seen.map(({ entry: { clientSeq } }) => ({ sessionId: SESSION, clientSeq }))
    const made = new Write(
      entry,
      {
        ...{ index: 0, type: 't', entityId: idOf(entity), version: 1 },
        kind: seen.length === 0 ? ('create' as const) : ('update' as const),
        own: spansNaming(names),
        regs: registers.set(Object.keys(values).sort()),
      },
      values,
    )
    entry.writes.push(made)
    this.repo.addCanonical(entry)
    this.#fresh.push(entry)
    return made
  }

  step(): void {
    this.disk.step(reviewingOf(by), {
      start: by,
      texts: [],
      entries: this.#fresh,
      own: {},
      erased: new Map(),
    })
    this.#fresh = []
  }

  slice(): void {
    this.#due.shift()?.()
  }

  /** A step, and the checkpoint that follows it. */
  async checkpoint(): Promise<Checkpoint> {
    this.step()
    return (await this.#made())!
  }

  /** The checkpoint that is written when the store is in step with its reviewer, if any. */
  async caughtUp(): Promise<Checkpoint | undefined> {
    this.disk.caughtUp(by.reviewerId)
    return this.#made()
  }

  async #made(): Promise<Checkpoint | undefined> {
    while (this.#due.length > 0) this.slice()
    await this.#settled()
    return this.batches.at(-1)!.checkpoint
  }

  async read(): Promise<StoredState> {
    this.#handle ??= await this.storage.open(() => {})
    return this.#handle.read()
  }

  /** All pages of the stored checkpoint. */
  async pages(): Promise<readonly Page[]> {
    const { checkpoint } = await this.read()
    return (await allPages(this.#handle!, checkpoint!.name))! // read above
  }

  async #settled(): Promise<void> {
    for (let i = 0; i < 8; i++) await Promise.resolve()
  }

  async #write(batch: WriteBatch): Promise<Written> {
    this.batches.push(batch)
    this.#handle ??= await this.storage.open(() => {})
    return this.#handle.write(batch)
  }
}

function repoOf(): Repo {
  return new Repo({
    entities: [],
    viewer: { authorId: () => undefined, isMine: () => false, volatile: () => false },
    onListenerError: (error) => expect.fail(String(error)),
    onTable: () => {},
  })
}

function entitiesOn({ pages }: Pick<Checkpoint, 'pages'>): readonly PageEntity[] {
  return pages.flatMap(({ text }) => {
    const page = readPage(text)
    return page.ok ? page.value : []
  })
}

/** Numbers of the rows on each page, by its number. */
function rowsOn(checkpoint: Pick<Checkpoint, 'pages'>): Record<number, readonly number[]> {
  const entries = checkpoint.pages.map((page) => {
    const ids = entitiesOn({ pages: [page] }).map(({ id }) => Number.parseInt(id.slice(-12), 16))
    return [page.no, ids] as const
  })
  return Object.fromEntries(entries)
}

it('S21 snapshot + tail = full replay: a checkpoint in slices is the picture it was taken as', async () => {
  const desk = new Desk()
  const root = desk.write(1, [], { x: 0, y: 0 })
  const a = desk.write(1, [root], { x: 1 })
  const b = desk.write(1, [root], { y: 1 })
  const m = desk.write(1, [root, a, b], { m: 1 })
  for (const other of [2, 3]) desk.write(other, [], { x: 0 })
  desk.step()
  desk.slice() // takes the picture, and sorts its rows
  desk.write(1, [root, a, b, m], { x: 2 })
  desk.write(1, [root, a, b, m], { x: 3, y: 3 })
  desk.write(2, [], { x: 0 })
  const entities = entitiesOn(await desk.checkpoint())
  const stored = entities.find(({ id }) => id === idOf(1))!
  const names = [root, a, b, m].map(({ entry }) => entry.id)
  expect(entities).toHaveLength(3)
  expect(stored.writes.map(({ message }) => message.id)).toEqual(names)

  // It says what `m` had seen, and what stands, as it was then.
  const table = new RegisterTable()
  const state = new PageLoader().state(stored, table)
  const [head] = headsOf(state)
  expect(head!.entry.id).toBe(m.entry.id)
  expect([root, a, b].map((write) => saw(head!, write))).toEqual([true, true, true])
  const liveIds = ['x', 'y', 'm'].map((reg) =>
    writesOf(liveOf(state, table.slot(reg))).map(({ entry }) => entry.id),
  )
  expect(liveIds).toEqual([[a.entry.id], [b.entry.id], [m.entry.id]])
})

it('a checkpoint writes the pages of rows that changed, and leaves the others', async () => {
  const desk = new Desk()
  const roots = [1, 2, 3, 4, 5].map((row) => desk.write(row, [], { x: 0 }))
  const first = await desk.checkpoint()
  expect([rowsOn(first), first.base]).toEqual([{ 0: [1, 2], 1: [3, 4], 2: [5] }, undefined])
  desk.write(3, [roots[2]!], { x: 1 })
  const second = await desk.checkpoint()
  expect([rowsOn(second), second.base]).toEqual([{ 1: [3, 4] }, first.name])
  const { checkpoint, segments } = await desk.read()
  expect(rowsOn({ pages: await desk.pages() })).toEqual({ 0: [1, 2], 1: [3, 4], 2: [5] })
  expect([checkpoint!.name, segments]).toEqual([second.name, []])
})

it('DSK3: an early checkpoint replaces many steps, and not few', async () => {
  const desk = new Desk(32)
  for (const row of [1, 2, 3, 4]) {
    desk.write(row, [], { x: 0 })
    desk.step()
  }
  expect(await desk.caughtUp()).toBeUndefined()
  desk.write(5, [], { x: 0 })
  desk.step()
  const early = (await desk.caughtUp())!
  expect([rowsOn(early), (await desk.read()).segments]).toEqual([
    { 0: [1, 2], 1: [3, 4], 2: [5] },
    [],
  ])
})

it('DSK3: an early checkpoint does not write many rows for few that have changed', async () => {
  const desk = new Desk(32)
  const rows = Array.from({ length: 1_100 }, (_, at) => desk.write(at, [], { x: 0 }))
  desk.step()
  desk.disk.stop() // what is stored is not continued, as after a snapshot
  for (const row of rows.slice(0, 5)) {
    desk.write(rows.indexOf(row), [row], { x: 1 })
    desk.step()
  }
  expect(await desk.caughtUp()).toBeUndefined()
  for (const row of rows.slice(5, 100)) {
    desk.write(rows.indexOf(row), [row], { x: 1 })
    desk.step()
  }
  expect(rowsOn((await desk.caughtUp())!)[0]).toEqual([0, 1])
})

it('new rows join the last page, which is split where it has too many', async () => {
  const desk = new Desk()
  for (const row of [1, 2, 3]) desk.write(row, [], { x: 0 })
  await desk.checkpoint()
  for (const row of [4, 5, 6]) desk.write(row, [], { x: 0 })
  expect(rowsOn(await desk.checkpoint())).toEqual({ 1: [3, 4], 2: [5, 6] })
  expect(rowsOn({ pages: await desk.pages() })).toEqual({ 0: [1, 2], 1: [3, 4], 2: [5, 6] })
})

it('ERA6: a row that leaves with its last pending message is not stored until then', async () => {
  const desk = new Desk()
  const [first, second] = [1, 2, 3].map((row) => desk.write(row, [], { x: 0 }))
  await desk.checkpoint()
  const table = desk.repo.tableNamed('t')
  const session = { authorId: idOf(1), sessionId: SESSION }
  const facts = { session, clientSeq: 90, timestamp: 0, arrival: 90, seen: seenNothing(90) }
  const entry = new Entry({ ...facts, identifier: (one) => one.identify(idOf(90), undefined) })
  const change = { index: 0, type: 't', entityId: idOf(2), kind: 'update', version: 1 } as const
  const pending = new Write(entry, { ...change, regs: table.registers.set(['x']) }, { x: 1 })
  entry.writes.push(pending)
  table.addPending(pending)
  table.release(idOf(2))
  expect(table.row(idOf(2))).toBeDefined()
  desk.disk.changed(reviewingOf(by), { changed: new Map([[idOf(2), 't']]), own: {} })
  desk.write(1, [first!], { x: 2 })
  expect(rowsOn(await desk.checkpoint())).toEqual({ 0: [1, 3] })
  expect(JSON.stringify(await desk.pages())).not.toContain(second!.entry.id)
})

it('after a checkpoint that was not stored, the next one has all rows', async () => {
  const desk = new Desk()
  const root = desk.write(1, [], { x: 0 })
  for (const row of [2, 3]) desk.write(row, [], { x: 0 })
  const { name, ...first } = await desk.checkpoint()
  // Another tab was first with the next one.
  const handle = await desk.storage.open(() => {})
  const rank = first.rank + 1
  await handle.write({
    durability: 'relaxed',
    checkpoint: { ...first, name: 'of another tab', rank },
    advance: { rank, fromRank: 0, text: '' },
  })
  const a = desk.write(1, [root], { x: 1 })
  expect(await desk.checkpoint()).toMatchObject({ base: name })
  expect((await desk.read()).checkpoint!.name).toBe('of another tab')
  desk.write(1, [root, a], { x: 2 })
  const last = await desk.checkpoint()
  expect([rowsOn(last), last.base]).toEqual([{ 0: [1, 2], 1: [3] }, undefined])
})

it.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'S21: pages written at different checkpoints hold the states of the last, seed %i',
  async (seed) => {
    const random = new SeededRandom(seed)
    const below = (end: number): number => Math.floor(random.unit() * end)
    const desk = new Desk()
    const seen = new Map<number, Write[]>()
    for (let round = 0; round < 12; round++) {
      for (let writes = 1 + below(6); writes > 0; writes--) {
        const row = 1 + below(4 + 2 * round)
        const before = seen.get(row) ?? []
        const of = below(3) === 0 ? before.slice(0, -1) : before
        seen.set(row, [...before, desk.write(row, before.length > 0 ? of : [], { x: round })])
      }
      await desk.checkpoint()
    }
    const { checkpoint } = await desk.read()
    const pages = await desk.pages()
    const repo = repoOf()
    const tail = new TailReader(repo, {
      ...{ space: idOf(7), heldChainsMax: 1, bounds: LIMITS as unknown as BatchBounds },
      findOwn: () => undefined,
      findWaiting: () => undefined,
      onOtherHistory: () => {},
      onTaken: () => {},
      onDisowned: () => {},
      onErased: () => {},
      onErasedElsewhere: () => {},
    })
    expect(readCheckpoint(checkpoint!)).toMatchObject({ isSorted: true })
    for (const { text } of pages) {
      const read = readPage(text)
      tail.load(read.ok ? read.value : [])
    }
    const kept = [...repo.tableNamed('t').rows()].map(({ id }) => id)
    expect(kept.length).toBe(seen.size)
    for (const id of kept) expect(pageTextOf(repo, id)).toBe(pageTextOf(desk.repo, id))
    const sizes = Object.values(rowsOn({ pages })).map((rows) => rows.length)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2)
  },
)

function pageTextOf(repo: Repo, id: Uuid): string {
  const table = repo.tableNamed('t')
  const state = table.canonical(id)!
  return pageText([new PageWriter().entity('t', id, { state, table: table.registers })])
}
