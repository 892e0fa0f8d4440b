/**
 * The size of a message before it is made: what `packMessages` will write for it alone, in UTF-8
 * bytes, without its ids and hashes. Never too small, and too large by some digits of numbers
 * only, so what passes here passes the reviewer's bound.
 */
import { jsonBytes, jsonBytesAtMost } from '../base/json.ts'
import { type Bytes, bytesOf, jsonStringBytes } from '../base/size.ts'
import type { Entry, Write } from '../history/entry.ts'
import type { RegSet } from '../schema/registers.ts'

const UUID_BYTES = 38
const HASH_BYTES = 45
/** A number that stands for a name. */
const NUMBER_BYTES = 6
/** Brackets and the salt of a change. */
const CHANGE_BYTES = 11 + 24
/** What its author had seen, without the numbers that are left out. */
const SEEN_BYTES = UUID_BYTES + 24 + 2 * 17 + 16
/** Brackets, the session, the times, the number of the message. */
const MESSAGE_BYTES = 2 * UUID_BYTES + HASH_BYTES + SEEN_BYTES + 2 * 16 + 32
/** A number of a message of a session. */
const SEQ_BYTES = 17
/** A span of another session, without the numbers that are left out. */
const SPAN_BYTES = UUID_BYTES + 2 * SEQ_BYTES + 8
/** Bytes of the elements of a change that stand before the spans: the cut, and `0` for each absent one. */
const PLACES_BYTES = SEQ_BYTES + 8

/** What an entry says besides its changes. */
export type Measured = Partial<Pick<Entry, 'expect' | 'seen'>>

/** Adds one change after the other, so a message can be ended before it is too large. */
export class MessageSize {
  #bytes: number
  /** A name is spelled out where it comes first, and is a number where it comes again. */
  readonly #named = new Set<Entry | string>()
  /** One write of each shape, by its registers. */
  readonly #shapes = new Map<RegSet, Write[]>()
  #shapeCount = 0

  constructor({ expect = [], seen }: Measured = {}) {
    this.#bytes = MESSAGE_BYTES + (seen?.except.length ?? 0) * SEQ_BYTES
    for (const { entityId, heads } of expect) {
      this.#bytes += 6 + this.#ref(entityId)
      for (const id of heads) this.#bytes += 1 + this.#ref(id)
    }
  }

  get bytes(): Bytes {
    return bytesOf(this.#bytes)
  }

  /** `minted`: the id was minted in an earlier session, which the change names. */
  add(write: Write, minted = false): void {
    const { regs, keep } = write
    this.#bytes += this.#shape(write) + CHANGE_BYTES + this.#ref(write.entityId)
    for (const parent of write.parents) this.#bytes += 1 + this.#write(parent)
    for (const reg of regs.names) this.#bytes += 1 + jsonBytes(write.values[reg]!)
    for (const kept of keep?.values() ?? []) {
      this.#bytes += 12
      for (const one of kept) this.#bytes += 1 + this.#write(one)
    }
    if (minted) this.#bytes += UUID_BYTES + 3
    this.#bytes += spanBytes(write)
  }

  /** A write that may have no id yet. */
  #write(write: Write | string): number {
    if (typeof write === 'string') return this.#ref(write)
    return this.#ref(write.entry.identified ? write.entry.id : write.entry)
  }

  #ref(named: Entry | string): number {
    if (this.#named.has(named)) return NUMBER_BYTES
    this.#named.add(named)
    return UUID_BYTES
  }

  /** The number of its shape, and the shape where it is a new one. */
  #shape(write: Write): number {
    const alike = this.#shapes.get(write.regs)
    if (!alike) this.#shapes.set(write.regs, [write])
    else if (alike.some((other) => isAlike(other, write))) return digits(this.#shapeCount)
    else alike.push(write)
    this.#shapeCount++
    const { version, type, regs } = write
    return digits(this.#shapeCount) + 9 + jsonStringBytes(type) + digits(version) + namesBytes(regs)
  }
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

function spanBytes({ cut, own }: Write): number {
  if (cut === undefined && !own) return 0
  let bytes = PLACES_BYTES
  for (const { except } of own ?? []) {
    const numbers = except.length
    bytes += SPAN_BYTES + numbers * SEQ_BYTES
  }
  return bytes
}

/** A bound from above that costs a tenth: most messages are far below every limit. */
export function messageBytesAtMost(
  writes: Iterable<Write>,
  { expect = [], seen }: Measured = {},
): Bytes {
  let most = MESSAGE_BYTES + (seen?.except.length ?? 0) * SEQ_BYTES
  for (const { heads } of expect) most += 6 + (1 + heads.length) * (UUID_BYTES + 1)
  for (const write of writes) {
    const { regs, values, parents, keep, type } = write
    most += spanBytes(write)
    most += CHANGE_BYTES + 3 * UUID_BYTES
    most += parents.length * (UUID_BYTES + 1)
    most += 32 + type.length * 6 + namesBytes(regs)
    for (const reg of regs.names) most += 1 + jsonBytesAtMost(values[reg]!)
    for (const kept of keep?.values() ?? []) most += 12 + kept.length * (UUID_BYTES + 1)
  }
  return bytesOf(most)
}

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
  return a.kind === b.kind && a.version === b.version && a.type === b.type
}

function digits(count: number): number {
  return String(count).length
}
