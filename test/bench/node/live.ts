/**
 * C4, C4b and C4c: one field of one row changes while live queries are open. A stretch is the
 * median of many changes, each timed from the call until the subscriber has read the new rows,
 * or until the call returns where no subscriber is concerned.
 */
import type { LiveQuery, SyncStore } from '@countersign/core'
import {
  OWNERS,
  Task,
  type TaskEntity,
  type TaskInput,
  type TaskRow,
  mustEqualRows,
  openQuery,
  openRowsOf,
  ownedRowsOf,
  ownerQuery,
  pick,
  seeded,
  taskRows,
} from '../data.ts'
import { type Figure, type Stretch, median, must, timeFigure } from '../figure.ts'
import type { RawLive, RawStore } from '../floors/raw-best.ts'
import { type Size, interleaved, turn } from './rounds.ts'
import { filledPair } from './stores.ts'

const WINDOW = 50
const CHANGES = 1_000
/** Changes between two turns of the event loop, in which the store may flush. */
const CHANGES_A_TURN = 20

type Patch = Partial<Pick<TaskInput, 'title' | 'done' | 'createdAt'>>

interface Change {
  readonly id: string
  readonly patch: Patch
}

/** The interface of floor and ours for a workload: a window that notifies, and a way to write. */
interface Subject {
  readonly rows: () => readonly TaskRow[]
  readonly all: () => Iterable<TaskRow>
  readonly write: (change: Change) => void
  /** Set by the workload; called when the watched query has changed. */
  onChange: () => void
}

function floorSubject(store: RawStore, live: RawLive): Subject {
  const subject: Subject = {
    rows: () => live.snapshot(),
    all: () => store.all(),
    write: ({ id, patch }) => {
      const field = Object.keys(patch)[0] as keyof Patch
      store.update(id, field, patch[field]!)
    },
    onChange: () => {},
  }
  live.listener = () => subject.onChange()
  return subject
}

function ourSubject(store: SyncStore, live: LiveQuery<TaskEntity>): Subject {
  const subject: Subject = {
    rows: () => live.snapshot().rows,
    all: () => store.query(Task).rows,
    write: ({ id, patch }) => void store.update(Task, id, patch),
    onChange: () => {},
  }
  live.subscribe(() => subject.onChange())
  return subject
}

/** Writes a change; returns the time until the subscriber has read, in ms. */
function told(subject: Subject, change: Change): number {
  let end = 0
  let read: readonly TaskRow[] = []
  const before = subject.rows()
  subject.onChange = () => {
    read = subject.rows()
    end = performance.now()
  }
  const start = performance.now()
  subject.write(change)
  must(end > 0 && read !== before, 'a change inside the window reached nobody')
  return end - start
}

/** Writes a change that must not reach the subscriber; returns the time of the call, in ms. */
function untold(subject: Subject, change: Change): number {
  subject.rows()
  subject.onChange = () => must(false, 'a change outside the window reached its subscriber')
  const start = performance.now()
  subject.write(change)
  return performance.now() - start
}

/** Times `CHANGES` changes, each made by `step`, which returns its time. */
async function timed(step: (i: number) => number): Promise<Stretch> {
  const times: number[] = []
  for (let i = 0; i < CHANGES; i++) {
    times.push(step(i))
    if (i % CHANGES_A_TURN === 0) await turn()
  }
  return { ms: median(times) }
}

/** One kind of change: how it is made and timed, on either side, from the same seed. */
interface Kind {
  readonly name: string
  readonly what: string
  readonly step: (subject: Subject, random: () => number, i: number) => number
}

const C4_KINDS: readonly Kind[] = [
  {
    name: 'C4 inside',
    what: 'live query of 50 in two-way order: a title in the window changes',
    step: (subject, random, i) => {
      const { id } = pick(random, subject.rows())
      const title = `A title that is new here, ${i}`
      const time = told(subject, { id, patch: { title } })
      must(subject.rows().find((row) => row.id === id)?.title === title, 'the window is stale')
      return time
    },
  },
  {
    name: 'C4 moving',
    what: 'the same: a row moves to another place in the window',
    step: (subject, random) => {
      const rows = subject.rows()
      // Among rows of one priority, so that the new date decides the place.
      const { id, priority } = rows[0]!
      const others = rows.filter((row) => row.priority === priority)
      const { createdAt } = others[1 + Math.floor(random() * (others.length - 2))]!
      const time = told(subject, { id, patch: { createdAt: createdAt + 1 } })
      must(subject.rows()[0]!.id !== id, 'the row has not moved')
      return time
    },
  },
  {
    name: 'C4 leaving',
    what: 'the same: a row leaves the window, the next one comes in',
    step: (subject, random) => {
      const { id } = pick(random, subject.rows())
      const time = told(subject, { id, patch: { done: true } })
      const rows = subject.rows()
      must(rows.length === WINDOW && !rows.some((row) => row.id === id), 'the row has not left')
      told(subject, { id, patch: { done: false } })
      return time
    },
  },
  {
    name: 'C4 outside',
    what: 'the same: a title outside the window changes',
    step: (subject, random, i) => {
      const id = pick(random, outsiders.get(subject)!)
      return untold(subject, { id, patch: { title: `Unseen, ${i}` } })
    },
  },
]

/** Ids of rows that match the filter of C4 and are far outside its window. */
const outsiders = new WeakMap<Subject, readonly string[]>()

export async function c4({ rounds, rows: count }: Size): Promise<Figure[]> {
  const rows = taskRows(count)
  const { floor, ours } = await filledPair(Task, rows)
  const low = floorSubject(
    floor,
    floor.liveOpen(WINDOW, () => {}),
  )
  const own = ourSubject(ours, ours.live(Task, openQuery(WINDOW)))
  const far = openRowsOf(rows, Infinity)
    .slice(-1_000)
    .map((row) => row.id)
  for (const subject of [low, own]) outsiders.set(subject, far)
  const figures: Figure[] = []
  for (const kind of C4_KINDS) {
    const run =
      (subject: Subject) =>
      async (round: number): Promise<Stretch> => {
        const random = seeded(40 + round)
        const time = await timed((i) => kind.step(subject, random, i))
        mustEqualRows(subject.rows(), openRowsOf(subject.all(), WINDOW), kind.name)
        return time
      }
    const measured = await interleaved<Stretch>(rounds, run(low), run(own))
    mustEqualRows(own.rows(), low.rows(), `${kind.name}: ours and floor`)
    figures.push(timeFigure({ name: kind.name, what: kind.what, unit: 'µs' }, measured))
  }
  await ours.close()
  return figures
}

export async function c4b(size: Size): Promise<Figure[]> {
  const what = `live query of ${size.rows / OWNERS} rows, one changes, a fresh array`
  return ownerQueries(size, { name: 'C4b', what, open: 1 })
}

export async function c4c(size: Size): Promise<Figure[]> {
  const what = '100 live queries open, one row changes'
  return ownerQueries(size, { name: 'C4c', what, open: 100 })
}

async function ownerQueries(
  { rounds, rows: count }: Size,
  { name, what, open }: { readonly name: string; readonly what: string; readonly open: number },
): Promise<Figure[]> {
  const rows = taskRows(count)
  const { floor, ours } = await filledPair(Task, rows)
  const owners = [...new Set(rows.map((row) => row.ownerId))].slice(0, open)
  const low = owners.map((owner) =>
    floorSubject(
      floor,
      floor.liveOwner(owner, () => {}),
    ),
  )
  const own = owners.map((owner) => ourSubject(ours, ours.live(Task, ownerQuery(owner))))
  const run =
    (subjects: readonly Subject[]) =>
    async (round: number): Promise<Stretch> => {
      const random = seeded(60 + round)
      const time = await timed((i) => changeOne(subjects, random, i))
      const all = [...subjects[0]!.all()]
      for (const [i, subject] of subjects.entries()) {
        mustEqualRows(subject.rows(), ownedRowsOf(all, owners[i]!), name)
      }
      return time
    }
  const measured = await interleaved<Stretch>(rounds, run(low), run(own))
  for (const [i, subject] of own.entries()) {
    mustEqualRows(subject.rows(), low[i]!.rows(), `${name}: ours and floor`)
  }
  await ours.close()
  return [timeFigure({ name, what, unit: 'µs' }, measured)]
}

function changeOne(subjects: readonly Subject[], random: () => number, i: number): number {
  const subject = pick(random, subjects)
  for (const other of subjects) {
    other.rows()
    other.onChange = () => must(false, 'a change reached a query that it does not concern')
  }
  const { id } = pick(random, subject.rows())
  return told(subject, { id, patch: { title: `A title that is new here, ${i}` } })
}
