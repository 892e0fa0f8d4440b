/**
 * Message ids as 16 bytes: their text form for the port, a packed form for the disk, and the set
 * that keeps an id from being stored twice.
 *
 * The set lives in memory and not in an index on the disk: ids are hashes, so each insert would
 * dirty a page of its own, which measured 7 to 12 microseconds of CPU an id against 2. The packed
 * ids beside the runs are the truth; the set is built from them, and the exclusive lock on the
 * database keeps it right. It takes 23 to 46 bytes an id.
 */
import { getRandomValues } from 'node:crypto'
import { BatchError } from './errors.ts'

export const ID_BYTES: number = 16
const WORDS = 4
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** 16 bytes an id, in their order. Throws a `BatchError` for what is no lower-case uuid. */
export function packIds(ids: readonly string[]): Uint8Array {
  for (const id of ids) {
    if (!UUID.test(id)) throw new BatchError(`${JSON.stringify(id)} is no message id`)
  }
  const bytes = Buffer.alloc(ids.length * ID_BYTES)
  bytes.write(ids.join('').replaceAll('-', ''), 'hex')
  return bytes
}

export function unpackIds(bytes: Uint8Array): string[] {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
  return Array.from({ length: bytes.byteLength / ID_BYTES }, (_, i) => {
    const at = i * ID_BYTES * 2
    const part = (from: number, to: number): string => hex.slice(at + from, at + to)
    return `${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20, 32)}`
  })
}

/** A set of ids: open addressing over one array of words, at most 70 % full. */
export class IdSet {
  #slots: Uint32Array = new Uint32Array(1024 * WORDS)
  #size = 0
  // Ids are hashes that a client may choose among; secret factors keep it from aiming at one slot.
  readonly #factors: Uint32Array = getRandomValues(new Uint32Array(2)).map((word) => word | 1)

  get size(): number {
    return this.#size
  }

  /**
   * Adds all, up to the first that is there already; returns its index, or -1. After another
   * answer than -1 the set is good for nothing but to be built anew.
   */
  addAll(packed: Uint8Array): number {
    const words = wordsOf(packed)
    while ((this.#size + words.length / WORDS) * WORDS > this.#slots.length * 0.7) this.#grow()
    for (let at = 0; at < words.length; at += WORDS) {
      if (!this.#add(words, at)) return at / WORDS
    }
    return -1
  }

  /** The nil uuid marks an empty slot; it is no hash of anything, and counts as present. */
  #add(words: Uint32Array, at: number): boolean {
    const a = words[at]!
    const b = words[at + 1]!
    const c = words[at + 2]!
    const d = words[at + 3]!
    if ((a | b | c | d) === 0) return false
    const slots = this.#slots
    const mask = slots.length / WORDS - 1
    const mixed = Math.imul(a, this.#factors[0]!) + Math.imul(b, this.#factors[1]!)
    let slot = ((mixed ^ (mixed >>> 15)) & mask) * WORDS
    while ((slots[slot]! | slots[slot + 1]! | slots[slot + 2]! | slots[slot + 3]!) !== 0) {
      if (
        slots[slot] === a &&
        slots[slot + 1] === b &&
        slots[slot + 2] === c &&
        slots[slot + 3] === d
      ) {
        return false
      }
      slot = (slot + WORDS) % slots.length
    }
    slots[slot] = a
    slots[slot + 1] = b
    slots[slot + 2] = c
    slots[slot + 3] = d
    this.#size++
    return true
  }

  #grow(): void {
    const old = this.#slots
    this.#slots = new Uint32Array(old.length * 2)
    this.#size = 0
    for (let at = 0; at < old.length; at += WORDS) this.#add(old, at)
  }
}

function wordsOf(packed: Uint8Array): Uint32Array {
  const aligned = packed.byteOffset % 4 === 0 ? packed : packed.slice()
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4)
}
