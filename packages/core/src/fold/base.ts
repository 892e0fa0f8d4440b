/**
 * What stood in a register before its writers parted: the live write among all that each of
 * them had seen. It is shown beside the candidates of a conflict and given to merge functions, so
 * it must be the same for everybody: of reviewed writes the reviewer states it (`Review.bases`,
 * and in pages), because a replica lets go of history and a newcomer never had it. Where pending
 * writes stand among them it is computed here, and is exact or `unknown`.
 */
import { type Json, jsonBytes } from '../base/json.ts'
import { ancestorsOf, isFromSnapshot, isRelinked, seenAmong } from '../log/ancestry.ts'
import { type Entry, Write } from '../log/entry.ts'
import { compareOrder } from '../log/order.ts'
import type { Base, Bases, Review } from '../message/message.ts'
import { ARCHIVED, type Reg, type RegisterTable } from '../schema/registers.ts'
import { type EntityState, isLinear, liveOf } from './state.ts'

/** A base with a longer value is `unknown`, in UTF-8 bytes of its JSON. */
export const BASE_BYTES_MAX = 1_024
/** Of all bases of one review; where they are more, all of them are `unknown`. */
const BASES_BYTES_MAX = 16_384
/** Writes that are looked at for one base; where that is not enough it is `unknown`. */
const BASE_WRITES_MAX = 65_536

export interface RegisterAt {
  readonly reg: Reg
  readonly slot: number
}

/** By the write that made the live set: bases of its registers, as the reviewer stated them. */
const stated = new WeakMap<Write, Bases | 'unknown'>()

/** What the reviewer says of the registers in which a write left several standing. */
export function stateBases(write: Write, bases: Bases | 'unknown' | undefined): void {
  if (bases === 'unknown' || (bases && Object.keys(bases).length > 0)) stated.set(write, bases)
}

/** The same of all writes of an entry, as its review says. */
export function stateReviewedBases({ writes }: Entry, { bases }: Pick<Review, 'bases'>): void {
  if (bases) for (const write of writes) stateBases(write, bases[write.index] ?? 'unknown')
}

/** Live sets are never changed, so what was computed once holds for ever. */
const computed = new WeakMap<readonly Write[], Map<number, Base>>()

/** What stood in the register before these live writes of it. */
export function baseOf(live: readonly Write[], at: RegisterAt): Base {
  const newest = live.reduce((a, b) => (compareOrder(a, b) > 0 ? a : b))
  // With a pending write among them, this is not the set that the reviewer spoke of.
  const told = newest.entry.review ? stated.get(newest) : undefined
  const base = told === 'unknown' ? told : told?.[at.reg]
  if (base !== undefined) return base
  let bySlot = computed.get(live)
  if (!bySlot) computed.set(live, (bySlot = new Map()))
  let found = bySlot.get(at.slot)
  if (found === undefined) bySlot.set(at.slot, (found = baseFrom(live, at, { inclusive: false })))
  return found
}

/**
 * What the review of an entry states, `states` being those after it: a list without any where they
 * are more than a review may say.
 */
export function basesAfter(
  { writes }: Entry,
  states: readonly EntityState[],
  tableOf: (type: string) => RegisterTable,
): readonly Bases[] | undefined {
  let bytes = 0
  let any = false
  const all: Bases[] = []
  for (const [i, write] of writes.entries()) {
    const bases = basesLeftBy(write, states[i]!, tableOf(write.type))
    if (Object.keys(bases).length > 0) {
      any = true
      bytes += jsonBytes(bases as unknown as Json)
    }
    if (bytes > BASES_BYTES_MAX) return []
    all.push(bases)
  }
  return any ? all : undefined
}

/** Of the registers in which the write is the newest of several live ones. */
export function basesLeftBy(write: Write, state: EntityState, table: RegisterTable): Bases {
  const bases: Record<Reg, Base> = {}
  for (const reg of isLinear(state) ? [] : write.regs.names) {
    const slot = table.slot(reg)
    const live = liveOf(state, slot)
    if (reg === ARCHIVED || live === undefined || live instanceof Write) continue
    if (live.every((other) => compareOrder(other, write) <= 0))
      bases[reg] = baseOf(live, { reg, slot })
  }
  return bases
}

/** What stood in the register in all that these heads have in common. For people alone. */
export function baseOfHeads(heads: readonly Write[], at: RegisterAt): Base {
  return baseFrom(heads, at, { inclusive: true })
}

interface Inclusive {
  /** Whether the writes themselves count as seen. */
  readonly inclusive: boolean
}

function baseFrom(writes: readonly Write[], at: RegisterAt, how: Inclusive): Base {
  const write = standingBefore(writes, at, how)
  if (write === 'nothing' || write === 'unknown') return write
  const value = write.values[at.reg]!
  if (jsonBytes(value) > BASE_BYTES_MAX) return 'unknown'
  return { version: write.version, value }
}

/**
 * From the newest down, so that all who saw a write were looked at before it. The first common
 * write of the register stands; it ends when everything that is left was seen by that one.
 */
function standingBefore(
  writes: readonly Write[],
  at: RegisterAt,
  { inclusive }: Inclusive,
): Write | 'nothing' | 'unknown' {
  if (!inclusive && writes.some(isLost)) return 'unknown'
  const walk = new Walk(writes, inclusive)
  let standing: Write | undefined
  const settled = new Set<Write>()
  for (let looked = 0; !walk.isWithin(settled); looked++) {
    const write = walk.next()
    if (looked > BASE_WRITES_MAX) return 'unknown'
    const isCommon = walk.isCommon(write)
    if (!isCommon && isLost(write)) return 'unknown'
    if (isCommon && !settled.has(write)) {
      if (write.regs.slots.includes(at.slot)) {
        if (write.keep?.has(at.reg)) return standingIn(commonPast(writes, inclusive), at)
        if (standing) return 'unknown' // several stood
        standing = write
        settled.add(write)
      } else if (isRelinked(write)) return 'unknown' // what was let go may have stood
    }
    if (settled.has(write)) for (const parent of write.parents) settled.add(parent)
  }
  return standing ?? 'nothing'
}

/** Whether something of what its author had seen is not here any more. */
function isLost(write: Write): boolean {
  return isFromSnapshot(write) || isRelinked(write)
}

/** Everything that some of these writes had seen, newest first, with who had seen it. */
class Walk {
  readonly #open: Write[] = []
  readonly #seenBy = new Map<Write, bigint>()
  readonly #all: bigint

  constructor(writes: readonly Write[], inclusive: boolean) {
    this.#all = (1n << BigInt(writes.length)) - 1n
    for (const [i, write] of writes.entries()) {
      for (const seen of inclusive ? [write] : write.parents) this.#add(seen, 1n << BigInt(i))
    }
  }

  isCommon(write: Write): boolean {
    return this.#seenBy.get(write) === this.#all
  }

  /** Whether all that is left is in that set. */
  isWithin(set: ReadonlySet<Write>): boolean {
    return this.#open.every((write) => set.has(write))
  }

  next(): Write {
    let at = 0
    for (let i = 1; i < this.#open.length; i++) {
      if (compareOrder(this.#open[i]!, this.#open[at]!) > 0) at = i
    }
    const [write] = this.#open.splice(at, 1)
    for (const parent of write!.parents) this.#add(parent, this.#seenBy.get(write!)!)
    return write!
  }

  #add(write: Write, by: bigint): void {
    const before = this.#seenBy.get(write)
    if (before === undefined) this.#open.push(write)
    this.#seenBy.set(write, (before ?? 0n) | by)
  }
}

function commonPast(writes: readonly Write[], inclusive: boolean): readonly Write[] {
  const pasts = writes.map((write) => ancestorsOf(inclusive ? [write] : write.parents))
  return [...pasts[0]!].filter((write) => pasts.every((past) => past.has(write)))
}

/**
 * The fold's own step, over some past: canonical order has parents before children. What a write
 * kept is only known for sure where all of the past is here.
 */
function standingIn(
  past: readonly Write[],
  { reg, slot }: RegisterAt,
): Write | 'nothing' | 'unknown' {
  if (past.some(isLost)) return 'unknown'
  let standing: readonly Write[] = []
  for (const write of [...past].sort(compareOrder)) {
    if (!write.regs.slots.includes(slot)) continue
    const kept = write.keep?.get(reg)
    const seen = seenAmong(write.parents, new Set(standing))
    standing = [...standing.filter((other) => !seen.has(other) || kept?.includes(other)), write]
  }
  return standing.length > 1 ? 'unknown' : (standing[0] ?? 'nothing')
}
