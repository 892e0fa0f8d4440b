/**
 * The size of a message before its text is made: of its lines and of a head of its own, in UTF-8
 * bytes. Never too small, and too large by some digits of numbers only, so a message within this
 * bound is within the reviewer's.
 */
import { type Json, jsonBytes, jsonBytesAtMost } from '../base/json.ts'
import { type Bytes, bytesOf, jsonStringBytes } from '../base/size.ts'
import type { OwnSpan } from '../facts/types.ts'
import type { Entry, KeptWrites, Write } from '../history/entry.ts'
import type { RegSet } from '../schema/registers.ts'

/** A short id with its quotes and a comma. */
const ID_BYTES = 25
/** A whole number with its sign and a comma. */
const NUMBER_BYTES = 18
/** A salt, with the brackets of its line and the end of the line. */
const SALT_BYTES = 24
/** Head: brackets, base time, what was seen without the numbers that are left out. */
const HEAD_BYTES = 16 + 3 * NUMBER_BYTES + 2 * ID_BYTES
/** Last line: brackets, clientSeq, time. */
const LINE_BYTES = 16 + 2 * NUMBER_BYTES + SALT_BYTES
/** Brackets and commas of a change, absent parts as `null`, its entity. */
const CHANGE_BYTES = 32 + ID_BYTES
/** A span of another session, without the numbers that are left out. */
const SPAN_BYTES = ID_BYTES + 2 * NUMBER_BYTES + 8
/** A register of `keep`, without the names. */
const KEPT_BYTES = NUMBER_BYTES + 6

/** What an entry says besides its changes. */
export type Measured = Partial<Pick<Entry, 'expect' | 'seen'>>

type Measure = (value: Json) => number

/** Adds one change after the other, so a message can be ended before it is too large. */
export class MessageSize {
  #bytes: number
  #changes = 0
  readonly #measure: Measure
  /** The first write: nearly every message has one shape. */
  #first: Write | undefined
  /** One write of each other shape, by its registers. */
  #others: Map<RegSet, Write[]> | undefined

  constructor({ expect = [], seen }: Measured = {}, measure: Measure = jsonBytes) {
    this.#measure = measure
    this.#bytes = HEAD_BYTES + LINE_BYTES + numbersBytes(seen?.except)
    for (const { own } of expect) this.#bytes += 8 + ID_BYTES + NUMBER_BYTES + spansBytes(own)
  }

  get bytes(): Bytes {
    return bytesOf(this.#bytes)
  }

  /** `minted`: the id was minted in an earlier session, which the change names. */
  add(write: Write, minted = false): void {
    const { regs, keep, parents, values, cut, own } = write
    this.#bytes += this.#shape(write) + CHANGE_BYTES + numbersBytes(parents)
    for (const reg of regs.names) this.#bytes += 1 + this.#measure(values[reg]!)
    if (keep) for (const kept of keep.values()) this.#bytes += keptBytes(kept)
    if (cut !== undefined) this.#bytes += NUMBER_BYTES
    if (minted) this.#bytes += ID_BYTES
    this.#bytes += spansBytes(own)
    // Of several changes each has a line of its own.
    if (++this.#changes > 1) this.#bytes += SALT_BYTES * (this.#changes === 2 ? 2 : 1)
  }

  /** The number of its shape, and the shape where it is a new one. */
  #shape(write: Write): number {
    if (!this.#first) this.#first = write
    else if (isAlike(this.#first, write) || this.#isAmongOthers(write)) return NUMBER_BYTES
    const { type, regs } = write
    return 8 + 3 * NUMBER_BYTES + jsonStringBytes(type) + namesBytes(regs)
  }

  /** Whether one of its shape was added; remembers it if not. */
  #isAmongOthers(write: Write): boolean {
    this.#others ??= new Map()
    const alike = this.#others.get(write.regs)
    if (!alike) this.#others.set(write.regs, [write])
    else if (alike.some((other) => isAlike(other, write))) return true
    else alike.push(write)
    return false
  }
}

function keptBytes(kept: KeptWrites): number {
  const count =
    'own' in kept ? kept.canonical.length + kept.own.length + kept.others.length : kept.length
  return KEPT_BYTES + count * SPAN_BYTES
}

function spansBytes(own: readonly OwnSpan[] | undefined): number {
  let bytes = 0
  if (own) for (const { except } of own) bytes += SPAN_BYTES + numbersBytes(except)
  return bytes
}

function numbersBytes(numbers: readonly unknown[] = []): number {
  return NUMBER_BYTES * numbers.length
}

const measured = new WeakMap<RegSet, number>()

/** The names of a set of registers, which many messages share. */
function namesBytes(regs: RegSet): number {
  let bytes = measured.get(regs)
  if (bytes === undefined) {
    bytes = regs.names.reduce((sum, reg) => sum + 1 + jsonStringBytes(reg), 0)
    measured.set(regs, bytes)
  }
  return bytes
}

/** A bound from above that looks at no character: most messages are far below every limit. */
export function messageBytesAtMost(writes: Iterable<Write>, of: Measured = {}): Bytes {
  const size = new MessageSize(of, jsonBytesAtMost)
  for (const write of writes) size.add(write, true)
  return size.bytes
}

/**
 * The size of a message with a head of its own, in UTF-8 bytes; `minted` says which ids name
 * another session.
 */
export function messageBytes(
  writes: Iterable<Write>,
  { expect, seen, minted }: Measured & { readonly minted?: (entityId: string) => boolean } = {},
): Bytes {
  const size = new MessageSize({ expect, seen })
  for (const write of writes)
    size.add(write, write.kind === 'create' && minted?.(write.entityId) === true)
  return size.bytes
}

function isAlike(a: Write, b: Write): boolean {
  return a.regs === b.regs && a.kind === b.kind && a.version === b.version && a.type === b.type
}
