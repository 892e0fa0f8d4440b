/**
 * Values that merge, at the seam where one write could count twice or not at all: devices of one
 * person each, with tabs of their own, that write, get verdicts, take refusals, take the place of
 * their state by a page, and start again from one. The model knows no fold: what is shown is the
 * initial value with the accepted operations up to here, in order, and then the own pending ones.
 */
import { type AnyRow, type Json, counter, entity, ops, set } from '@countersign/core'
import { pageText, readPage } from '@countersign/core/protocol'
import { Entry, PageLoader, PageWriter, Repo, Write, giveReview } from '@countersign/core/testing'
import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { Random } from '../model/random.ts'

const Thing = entity('thing', {
  title: z.string(),
  likes: counter(),
  tags: set(z.string()),
  log: ops((list: readonly number[], n: number) => [...list, n].slice(-5), { initial: [] }),
})

const ID = '0000000a-0000-4000-8000-000000000000'
const uuid = (n: number): string => `00000000-0000-8000-8000-${String(n).padStart(12, '0')}`
const by = { reviewerId: uuid(1), eid: uuid(2), epoch: 1, forked: false, at: 0 }

/** What somebody has written, and where it stands. */
interface Message {
  readonly author: number
  readonly clientSeq: number
  readonly values: Readonly<Record<string, Json>>
  readonly seen: { readonly seq: number; readonly from: number }
  readonly isCreate: boolean
}

function operationsOf(random: Random): Record<string, Json> {
  const letter = (): string => random.pick(['a', 'b', 'c', 'd'])
  const all = {
    likes: counter.increment(random.between(-3, 8)),
    tags: random.chance(0.6) ? set.add(letter(), letter()) : set.remove(letter()),
    log: ops.apply(random.below(100)),
    title: random.pick(['x', 'y']),
  }
  const names = random.sample(Object.keys(all), random.between(1, 3))
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name))) as never
}

interface Shown {
  readonly likes: number
  readonly tags: readonly string[]
  readonly log: readonly number[]
}

function modelOf(messages: readonly Message[]): Shown {
  let likes = 0
  let log: number[] = []
  const tags = new Set<string>()
  for (const { values } of messages as readonly { values: Record<string, any> }[]) {
    if (values['likes']) likes += values['likes'].$op[1] as number
    for (const tag of values['tags']?.$op[1] ?? []) tags.add(tag as string)
    for (const tag of values['tags']?.$op[2] ?? []) tags.delete(tag as string)
    for (const n of values['log']?.$op[1] ?? []) log = [...log, n as number].slice(-5)
  }
  return { likes, tags: [...tags].sort(), log }
}

class Device {
  readonly author: number
  repo: Repo = repo()
  /** Canonical messages that are here. */
  seq = 0
  pending: Message[] = []
  #entries = new Map<Message, Entry>()
  #clientSeq = 0

  constructor(author: number) {
    this.author = author
  }

  get table(): ReturnType<Repo['tableNamed']> {
    return this.repo.tableNamed('thing')
  }

  write(random: Random): Message {
    const isCreate = !this.table.row(ID)
    const values = isCreate ? { title: 'x', ...operationsOf(random) } : operationsOf(random)
    const clientSeq = ++this.#clientSeq
    const from = this.pending[0]?.clientSeq ?? clientSeq
    const message = {
      author: this.author,
      clientSeq,
      values,
      seen: { seq: this.seq, from },
      isCreate,
    }
    this.#add(message)
    this.pending.push(message)
    return message
  }

  #add(message: Message): void {
    const entry = entryOf(message, this.repo)
    this.#entries.set(message, entry)
    this.repo.messages.add(entry)
    this.repo.addPending(entry)
  }

  /** The next message of the canonical order. */
  advance(message: Message, seq: number): void {
    const own = this.#entries.get(message)
    if (own) this.repo.accept(own, { ...by, seq })
    else {
      const entry = entryOf(message, this.repo)
      giveReview(entry, { ...by, seq })
      this.repo.addCanonical(entry)
    }
    this.pending = this.pending.filter((other) => other !== message)
    this.seq = seq
  }

  refuse(message: Message): void {
    this.repo.removePending([this.#entries.get(message)!])
    this.pending = this.pending.filter((other) => other !== message)
  }

  page(): string | undefined {
    const state = this.table.canonical(ID)
    const { registers } = this.table
    if (!state) return undefined
    return pageText([new PageWriter().entity('thing', ID, { state, table: registers })])
  }

  /** The canonical state of somebody who is as far, or further. */
  replace(page: string, seq: number, accepted: readonly Message[]): void {
    for (const message of accepted.slice(this.seq, seq)) {
      const own = this.#entries.get(message)
      if (own) this.repo.acceptContained(own, { ...by, seq: accepted.indexOf(message) + 1 })
      this.pending = this.pending.filter((other) => other !== message)
    }
    const read = readPage(page)
    if (!read.ok) throw new Error(read.error.message)
    const state = new PageLoader().state(read.value[0]!, this.table.registers)
    this.repo.replaceCanonical('thing', ID, state)
    this.seq = seq
  }

  /** Another process: what is stored is a page, and the outbox. */
  restart(): void {
    const page = this.page()
    this.repo = repo()
    this.#entries = new Map()
    if (page !== undefined) this.replace(page, this.seq, [])
    for (const message of this.pending) this.#add(message)
  }
}

function repo(): Repo {
  return new Repo({
    entities: [Thing],
    viewer: { authorId: () => undefined, isMine: () => false, volatile: () => false },
    onListenerError: (error) => expect.fail(String(error)),
    onTable: () => {},
  })
}

function entryOf({ author, clientSeq, values, seen, isCreate }: Message, to: Repo): Entry {
  const entry = new Entry({
    session: { authorId: uuid(author), sessionId: uuid(100 + author) },
    ...{ clientSeq, timestamp: 0, arrival: clientSeq },
    seen: { eid: by.eid, chain: '', except: [], ...seen },
  })
  entry.identify(uuid(1_000 * (author + 1) + clientSeq), undefined)
  const kind = isCreate ? ('create' as const) : ('update' as const)
  const { registers } = to.tableNamed('thing')
  const regs = registers.set(Object.keys(values).sort())
  const facts = { index: 0, type: 'thing', entityId: ID, kind, version: 1, regs }
  entry.writes.push(new Write(entry, facts, values))
  return entry
}

function shown(row: AnyRow | undefined): Shown | undefined {
  if (!row) return undefined
  const { likes, tags, log } = row as unknown as Shown
  const open = Object.keys(row.$conflicts).filter((field) => field !== 'title')
  if (open.length > 0) expect(open).toEqual([])
  return { likes, tags, log }
}

test('FOLD5 every interleaving shows each accepted operation once, and each own pending one', () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = new Random(seed)
    const accepted: Message[] = []
    const devices = [0, 1, 2].map((author) => new Device(author))
    for (let step = 0; step < 60; step++) {
      const device = random.pick(devices)
      const roll = random.unit()
      const oldest = device.pending[0]
      if (roll < 0.35) device.write(random)
      else if (roll < 0.5 && oldest && !accepted.includes(oldest)) accepted.push(oldest)
      else if (roll < 0.75 && device.seq < accepted.length)
        device.advance(accepted[device.seq]!, device.seq + 1)
      else if (roll < 0.8) {
        const last = device.pending.at(-1)
        if (last && !accepted.includes(last)) device.refuse(last)
      } else if (roll < 0.9) {
        const other = random.pick(devices)
        const page = other.page()
        if (page !== undefined && other.seq > device.seq) device.replace(page, other.seq, accepted)
      } else device.restart()
      for (const { seq, pending, table } of devices) {
        const all = [...accepted.slice(0, seq), ...pending]
        const expected = all.length === 0 ? undefined : modelOf(all)
        const row = shown(table.row(ID))
        if (!isDeepStrictEqual(row, expected))
          expect({ seed, step, row }).toEqual({ seed, step, row: expected })
      }
    }
  }
})
