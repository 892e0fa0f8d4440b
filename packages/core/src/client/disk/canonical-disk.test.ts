/** A checkpoint that is written in slices, while messages come in. */
import { expect, it } from 'vitest'
import type { Uuid } from '../../base/uuid.ts'
import { Entry, Write } from '../../history/entry.ts'
import { saw } from '../../history/saw.ts'
import { LIMITS } from '../../facts/limits.ts'
import type { TailReader } from '../../sync/tail.ts'
import type { Clock } from '../../ports/clock.ts'
import type { WriteBatch } from '../../ports/storage.ts'
import { type PageEntity, readPage } from '../../wire/pages.ts'
import { PageLoader } from '../../fold/snapshot.ts'
import { headsOf, writesOf, liveOf } from '../../fold/state.ts'
import { Repo } from '../../rows/repo.ts'
import { RegisterTable } from '../../schema/registers.ts'
import { seenNothing, spansNaming } from '../../testing/exact-seen.ts'
import { CanonicalDisk } from './canonical-disk.ts'
import type { Disk } from './disk.ts'

const idOf = (n: number): Uuid => `00000000-0000-8000-8000-${n.toString(16).padStart(12, '0')}`
const by = { reviewerId: idOf(9), eid: idOf(8), epoch: 1, chain: 'A'.repeat(43) }
const position = { ...by, seq: 1 }
const SESSION = idOf(2)

class Desk {
  readonly repo: Repo = new Repo({
    entities: [],
    viewer: { authorId: () => undefined, volatile: () => false },
    onListenerError: (error) => expect.fail(String(error)),
    onTable: () => {},
  })
  readonly batches: WriteBatch[] = []
  readonly disk: CanonicalDisk
  readonly #due: (() => void)[] = []
  #seq = 0

  constructor() {
    let now = 0
    const clock = {
      monotonic: () => (now += 1_000), // each slice has taken its time
      after: (_: number, task: () => void) => {
        this.#due.push(task)
        return () => {}
      },
    }
    this.disk = new CanonicalDisk({
      disk: { write: (batch: WriteBatch) => this.batches.push(batch) } as unknown as Disk,
      repo: this.repo,
      tail: { position } as unknown as TailReader,
      clock: clock as unknown as Clock,
      limits: { ...LIMITS, checkpointStepsMax: 0, sliceEntitiesMax: 2 },
    })
  }

  /** `seen`: all that its author has seen of the entity. */
  write(entity: number, seen: readonly Write[], values: Record<string, number>): Write {
    const seq = ++this.#seq
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
    return made
  }

  slice(): void {
    this.#due.shift()?.()
  }

  /** What the last checkpoint holds. */
  stored(): readonly PageEntity[] {
    const { checkpoint } = this.batches.at(-1)!
    const pages = checkpoint!.pages.slice(1).map((page) => readPage(page))
    return pages.flatMap((page) => (page.ok ? page.value : []))
  }
}

it('S21 snapshot + tail = full replay: a checkpoint in slices is the picture it was taken as', () => {
  const desk = new Desk()
  const root = desk.write(1, [], { x: 0, y: 0 })
  const a = desk.write(1, [root], { x: 1 })
  const b = desk.write(1, [root], { y: 1 })
  const m = desk.write(1, [root, a, b], { m: 1 })
  for (const other of [2, 3]) desk.write(other, [], { x: 0 })
  desk.disk.step(by, { texts: [], outboxRemove: [] })
  desk.slice() // takes the picture, and writes the two others
  desk.write(1, [root, a, b, m], { x: 2 })
  desk.write(1, [root, a, b, m], { x: 3, y: 3 })
  desk.write(2, [], { x: 0 })
  desk.slice()
  const entities = desk.stored()
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
