/** A checkpoint that is written in slices, while messages come in and history is let go. */
import { expect, it } from 'vitest'
import type { Uuid } from '../base/uuid.ts'
import { Entry, Write } from '../log/entry.ts'
import { LIMITS } from '../message/limits.ts'
import type { TailReader } from '../messaging/tail.ts'
import type { Clock } from '../ports/clock.ts'
import type { WriteBatch } from '../ports/storage.ts'
import { readPage } from '../protocol/pages.ts'
import { Repo } from '../repo/repo.ts'
import { CanonicalDisk } from './canonical-disk.ts'
import type { Disk } from './disk.ts'

const idOf = (n: number): Uuid => `00000000-0000-8000-8000-${n.toString(16).padStart(12, '0')}`
const by = { reviewerId: idOf(9), eid: idOf(8), epoch: 1 }
const position = { ...by, seq: 1, chain: 'A'.repeat(43) }

class Desk {
  readonly repo: Repo = new Repo({
    entities: [],
    viewer: { authorId: () => undefined, volatile: () => false },
    onListenerError: (error) => expect.fail(String(error)),
    onTable: () => {},
    retention: { messages: 1, slack: 1 },
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

  write(entity: number, parents: readonly Write[], values: Record<string, number>): Write {
    const seq = ++this.#seq
    const session = { authorId: idOf(1), sessionId: idOf(2) }
    const entry = new Entry({ session, clientSeq: seq, timestamp: 0, arrival: seq })
    entry.identify(idOf(1_000 + seq), undefined)
    entry.review = { ...by, seq, forked: false, at: 0 }
    const { registers } = this.repo.tableNamed('t')
    const facts = {
      ...{ index: 0, type: 't', entityId: idOf(entity), version: 1, parents },
      kind: parents.length === 0 ? ('create' as const) : ('update' as const),
      regs: registers.set(Object.keys(values).sort()),
    }
    const made = new Write(entry, facts, values)
    entry.writes.push(made)
    this.repo.addCanonical(entry)
    return made
  }

  slice(): void {
    this.#due.shift()?.()
  }
}

it('S21 snapshot + tail = full replay: a checkpoint in slices is the picture it was taken as', () => {
  const desk = new Desk()
  const root = desk.write(1, [], { x: 0, y: 0 })
  const a = desk.write(1, [root], { x: 1 })
  const b = desk.write(1, [root], { y: 1 })
  const m = desk.write(1, [a, b], { m: 1 })
  for (const other of [2, 3]) desk.write(other, [], { x: 0 })
  desk.disk.step(by, { texts: [], outboxRemove: [] })
  desk.slice() // takes the picture, and writes the two others
  desk.write(1, [m], { x: 2 })
  desk.write(1, [m], { x: 3, y: 3 })
  desk.write(2, [], { x: 0 })
  desk.slice()
  const { checkpoint } = desk.batches.at(-1)!
  const pages = checkpoint!.pages.slice(1).map((page) => readPage(JSON.parse(page)))
  const entities = pages.flatMap((page) => (page.ok ? page.value : []))
  const { writes } = entities.find(({ id }) => id === idOf(1))!
  const names = [root, a, b, m].map(({ entry }) => entry.id)
  expect(entities).toHaveLength(3)
  expect(writes.map(({ message }) => message.id)).toEqual(names)
  expect(writes.at(-1)!.parents).toEqual([0, 1, 2]) // `m` saw root, `a` and `b`

  // What the picture held is let go with it.
  desk.write(1, [m], { m: 2 })
  desk.write(2, [], { x: 0 })
  expect(desk.repo.messages.get(a.entry.id)).toBeUndefined()
})
