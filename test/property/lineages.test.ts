/**
 * `saw` across lineages, by epoch records, places and what reviews state, against ancestry by parents.
 * Reviewers fall back to older copies, some of what they had comes back in its order, devices change
 * over and offer again what the new lineage lacks. Nothing may count as seen that was not; at most one
 * pair in a hundred may count as unseen though it was seen.
 */
import { chainPrefix, uuid8 } from '@countersign/core/message'
import type { Seen } from '@countersign/core/message'
import { type Epoch, epochOf } from '@countersign/core/protocol'
import { Entry, Lineage, RegisterTable, Write, giveReview, saw } from '@countersign/core/testing'
import { expect, test, vi } from 'vitest'
import { Random } from '../model/random.ts'

// The oracle is slow on purpose, and the machine may be busy.
vi.setConfig({ testTimeout: 120_000 })

type OtherPlace = NonNullable<NonNullable<Entry['review']>['places']>[number]

const SPACE = uuid8(new Uint8Array(32).fill(1))
const WHO = { space: SPACE, reviewerId: SPACE, reviewerKey: 'key', at: 0 }
const CHAIN = 'A'.repeat(43)
const table = new RegisterTable()
const regs = table.set(['a'])

/** A message as its author wrote it, and all that it stands on. */
interface Written {
  readonly id: number
  readonly device: number
  readonly clientSeq: number
  readonly seen: Seen
  readonly ancestors: ReadonlySet<number>
  /** Own parents that were pending. */
  readonly own: readonly number[]
}

/** The log of one reviewer: its epochs, and by seq its messages; a record takes a seq, too. */
interface Line {
  readonly epochs: readonly Epoch[]
  readonly parent: Line | undefined
  readonly forkedAt: number
  lineage: Lineage
  readonly log: (Write | undefined)[]
  readonly messages: number[]
  readonly seqOf: Map<number, number>
  readonly refused: Set<number>
}

interface Device {
  line: Line
  pos: number
  clientSeq: number
  own: number[]
  readonly refused: Set<number>
}

/** Rules with something left out: the oracle must notice each. */
const WRONG = {
  'face value instead of the fork point': ({ seen }: Written, w: Write) =>
    w.entry.review!.seq <= seen.seq,
  'a place that is not checked': (_: Written, w: Write) => w.entry.review!.places !== undefined,
} as const

class History {
  readonly lines: Line[] = []
  readonly written: Written[] = []
  readonly found = { pairs: 0, across: 0, few: 0, many: 0 }
  readonly wrong = { 'face value instead of the fork point': 0, 'a place that is not checked': 0 }
  readonly #random: Random
  readonly #devices: Device[]

  constructor(seed: number) {
    this.#random = new Random(seed)
    const genesis = epochOf({ ...WHO, kind: 'epoch', seq: 0, epoch: 1, why: 'genesis', prev: null })
    const line = this.#line([genesis], undefined, 0)
    this.#devices = [0, 1, 2].map(() => ({
      line,
      pos: 0,
      clientSeq: 0,
      own: [],
      refused: new Set(),
    }))
    this.#write(0)
    this.#offer(line, 0, [])
    for (const device of this.#devices) device.pos = 1
  }

  run(): void {
    for (let step = 0; step < 80; step++) {
      const device = this.#random.below(this.#devices.length)
      const what = this.#random.below(100)
      if (what < 32 && this.written.length < 24) this.#write(device)
      else if (what < 52) this.#offerOwn(this.#devices[device]!)
      else if (what < 68) this.#read(this.#devices[device]!)
      else if (what < 75 && this.lines.length < 4) this.#fallBack()
      else if (what < 86) this.#changeOver(this.#devices[device]!)
      else this.#handBack()
    }
  }

  #line(epochs: readonly Epoch[], parent: Line | undefined, forkedAt: number): Line {
    const kept = parent ? parent.log.slice(0, forkedAt) : []
    const messages = kept.flatMap((write) => (write ? Number(write.entityId) : []))
    const line: Line = {
      ...{ epochs, parent, forkedAt, lineage: new Lineage(epochs), refused: new Set() },
      log: [...kept, ...(parent ? [undefined] : [])],
      messages,
      seqOf: new Map(kept.flatMap((write, i) => (write ? [[Number(write.entityId), i + 1]] : []))),
    }
    this.lines.push(line)
    return line
  }

  /** A reviewer begins again on an older copy. */
  #fallBack(): void {
    const parent = this.lines[this.#random.below(this.lines.length)]!
    const at = 1 + this.#random.below(parent.log.length)
    const { eid, epoch } = parent.lineage.at(at)
    const prev = { eid, epoch, seq: at, chain: CHAIN }
    const number = 2 + this.lines.length
    const record = epochOf({
      ...({ ...WHO, kind: 'epoch', seq: at + 1, epoch: number, why: 'restore', prev } as const),
    })
    const kept = parent.epochs.filter((one) => one.seq <= at)
    this.#line([...kept, record], parent, at)
  }

  #view({ line, pos, own, refused }: Device): Set<number> {
    const read = line.log.slice(0, pos).flatMap((write) => (write ? Number(write.entityId) : []))
    const pending = own.filter((id) => !this.#isOut(id, refused))
    return new Set([...read, ...pending])
  }

  #isOut(id: number, refused: ReadonlySet<number>): boolean {
    return refused.has(id) || this.written[id]!.own.some((parent) => this.#isOut(parent, refused))
  }

  #write(no: number): void {
    const device = this.#devices[no]!
    const view = this.#view(device)
    const { line, pos } = device
    const isRead = (id: number): boolean => (line.seqOf.get(id) ?? Infinity) <= pos
    const pending = device.own.filter((id) => view.has(id) && !isRead(id))
    const clientSeq = ++device.clientSeq
    const numbers = pending.map((id) => this.written[id]!.clientSeq)
    const from = Math.min(clientSeq, ...numbers)
    const except = Array.from({ length: clientSeq - from }, (_, i) => from + i).filter(
      (number) => number > from && !numbers.includes(number),
    )
    const { eid } = line.lineage.at(pos)
    const seen = { seq: pos, chain: chainPrefix(CHAIN), from, except, eid: pos > 0 ? eid : null }
    const id = this.written.length
    const own = pending.filter((one) => ![...view].some((other) => this.#sees(other, one)))
    this.written.push({ id, device: no, clientSeq, seen, ancestors: view, own })
    device.own.push(id)
  }

  #sees(m: number, w: number): boolean {
    return this.written[m]!.ancestors.has(w)
  }

  #offerOwn(device: Device): void {
    for (const id of device.own) {
      if (this.#random.below(100) < 15 || device.line.seqOf.has(id)) continue
      if (this.#offer(device.line, id, []) === 'refused') device.refused.add(id)
    }
  }

  #read(device: Device): void {
    const { line } = device
    device.pos = Math.min(line.log.length, device.pos + 1 + this.#random.below(4))
    device.own = device.own.filter((id) => (line.seqOf.get(id) ?? Infinity) > device.pos)
  }

  /** To a later lineage: what was read is handed back; what it lacks of one's own is pending again. */
  #changeOver(device: Device): void {
    const from = this.lines.indexOf(device.line)
    if (from === this.lines.length - 1) return
    const to = this.lines[from + 1 + this.#random.below(this.lines.length - from - 1)]!
    const was = device.line
    this.#returned(was, to, { upTo: device.pos, droppedPercent: 5 })
    device.line = to
    device.pos = 1 + this.#random.below(to.log.length)
    const no = this.#devices.indexOf(device)
    const mine = this.written.filter((one) => one.device === no && !device.refused.has(one.id))
    const isLost = ({ id }: Written): boolean =>
      (to.seqOf.get(id) ?? Infinity) > device.pos && (device.own.includes(id) || was.seqOf.has(id))
    device.own = mine.filter(isLost).map(({ id }) => id)
  }

  /** Somebody hands back what a lost lineage had, in its order, some of it never. */
  #handBack(): void {
    if (this.lines.length < 2) return
    const a = this.#random.below(this.lines.length - 1)
    const [lost, to] = [
      this.lines[a]!,
      this.lines[a + 1 + this.#random.below(this.lines.length - a - 1)]!,
    ]
    this.#returned(lost, to, { upTo: lost.log.length, droppedPercent: 15 })
  }

  #returned(
    lost: Line,
    to: Line,
    { upTo, droppedPercent }: { readonly upTo: number; readonly droppedPercent: number },
  ): void {
    to.lineage = to.lineage.knowing([...lost.epochs, ...lost.lineage.parted])
    for (const [i, write] of lost.log.slice(0, upTo).entries()) {
      if (!write || this.#random.below(100) < droppedPercent) continue
      const { review } = write.entry
      const place = { eid: review!.eid, seq: i + 1 }
      const before = (review!.places ?? []).filter(({ eid }) => eid !== place.eid)
      if (!to.lineage.has(place)) this.#offer(to, Number(write.entityId), [...before, place])
    }
  }

  #offer(line: Line, id: number, places: readonly OtherPlace[]): 'accepted' | 'refused' | 'waits' {
    const { seqOf, refused, lineage, log } = line
    const message = this.written[id]!
    if (seqOf.has(id)) return 'accepted'
    if (refused.has(id) || message.own.some((parent) => refused.has(parent))) {
      refused.add(id)
      return 'refused'
    }
    if (message.own.some((parent) => !seqOf.has(parent))) return 'waits'
    if (id > 0 && places.length === 0 && this.#random.below(100) < 12) {
      refused.add(id)
      return 'refused'
    }
    const entry = new Entry({
      session: { authorId: SPACE, sessionId: String(message.device) },
      ...{ clientSeq: message.clientSeq, timestamp: 0, arrival: 0, seen: message.seen },
    })
    const shape = {
      index: 0,
      type: 't',
      entityId: String(id),
      kind: 'update',
      version: 1,
      regs,
    } as const
    const write = new Write(entry, shape, { a: id })
    entry.readings = lineage.readings(message.seen)
    this.#compare(line, message, write)
    const { eid, epoch, reviewerId } = lineage.present
    const reads = lineage.reads(entry)
    log.push(write)
    const seq = log.length
    const review = { reviewerId, eid, epoch, seq, forked: false, at: 0, reads }
    giveReview(entry, { ...review, ...(places.length > 0 && { places }) })
    entry.writes.push(write)
    seqOf.set(id, seq)
    this.#compare(line, message, write)
    return 'accepted'
  }

  /** Before it has its review, as its author and the reviewer see it, and after, as followers do. */
  #compare({ log, lineage }: Line, message: Written, write: Write): void {
    for (const w of log) {
      if (!w || w === write) continue
      const by = saw(write, w)
      const should = message.ancestors.has(Number(w.entityId))
      this.found.pairs++
      if (message.seen.eid !== lineage.present.eid) this.found.across++
      if (by && !should) this.found.few++
      if (!by && should) this.found.many++
      for (const [name, rule] of Object.entries(WRONG))
        if (rule(message, w) && !should) this.wrong[name as keyof typeof WRONG]++
    }
  }
}

test('SEEN7 across lineages nothing counts as seen that was not, and next to nothing as unseen', () => {
  const sum = { pairs: 0, across: 0, few: 0, many: 0 }
  const wrong = { ...new History(1).wrong }
  for (let seed = 1; seed <= 3_000; seed++) {
    const history = new History(seed)
    history.run()
    for (const key of ['pairs', 'across', 'few', 'many'] as const) sum[key] += history.found[key]
    for (const key of Object.keys(WRONG) as (keyof typeof WRONG)[]) wrong[key] += history.wrong[key]
    expect(history.found.few, `seed ${seed}`).toBe(0)
  }
  console.log(`saw across lineages: ${JSON.stringify({ ...sum, wrong })}`)
  expect(sum.across).toBeGreaterThan(100_000)
  expect(sum.many / sum.pairs).toBeLessThan(0.01)
  for (const count of Object.values(wrong)) expect(count).toBeGreaterThan(100)
})
