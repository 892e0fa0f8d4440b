/**
 * Floor: a sorted list in chunks of at most 512, so that an insertion moves part of one chunk.
 * The comparator is total: two items that compare as equal are the same item.
 */
const CHUNK_MAX = 512

export class ChunkedList<T> {
  readonly compare: (a: T, b: T) => number
  chunks: T[][] = []
  size = 0

  constructor(compare: (a: T, b: T) => number) {
    this.compare = compare
  }

  /** Replaces everything; sorts `items` in place. */
  build(items: T[]): void {
    items.sort(this.compare)
    this.chunks = []
    this.size = items.length
    for (let from = 0; from < items.length; from += CHUNK_MAX / 2) {
      this.chunks.push(items.slice(from, from + CHUNK_MAX / 2))
    }
  }

  insert(item: T): void {
    this.size++
    const at = Math.min(this.chunkOf(item), this.chunks.length - 1)
    if (at < 0) {
      this.chunks.push([item])
      return
    }
    const chunk = this.chunks[at]!
    chunk.splice(this.offsetOf(chunk, item), 0, item)
    if (chunk.length > CHUNK_MAX) {
      this.chunks.splice(at + 1, 0, chunk.splice(CHUNK_MAX / 2))
    }
  }

  remove(item: T): void {
    const at = this.chunkOf(item)
    const chunk = this.chunks[at]!
    chunk.splice(this.offsetOf(chunk, item), 1)
    if (chunk.length === 0) this.chunks.splice(at, 1)
    this.size--
  }

  /** Puts an item in the place of the one that sorts as it does. */
  replace(item: T): void {
    const chunk = this.chunks[this.chunkOf(item)]!
    chunk[this.offsetOf(chunk, item)] = item
  }

  /**
   * At most `limit` items of a stretch: from the first that `reached` holds for to before the
   * first that `passed` holds for.
   */
  range(reached: (item: T) => boolean, passed: (item: T) => boolean, limit: number): T[] {
    let at = this.firstChunk(reached)
    let offset = at < this.chunks.length ? firstOf(this.chunks[at]!, reached) : 0
    let found: T[] = []
    for (; at < this.chunks.length && found.length < limit; at++, offset = 0) {
      const chunk = this.chunks[at]!
      const ends = passed(chunk[chunk.length - 1]!)
      const end = Math.min(
        ends ? firstOf(chunk, passed) : chunk.length,
        offset + limit - found.length,
      )
      const part = chunk.slice(offset, end)
      found = found.length === 0 ? part : found.concat(part)
      if (ends) break
    }
    return found
  }

  private firstChunk(reached: (item: T) => boolean): number {
    let low = 0
    let high = this.chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const chunk = this.chunks[middle]!
      if (reached(chunk[chunk.length - 1]!)) high = middle
      else low = middle + 1
    }
    return low
  }

  private chunkOf(item: T): number {
    const { chunks, compare } = this
    let low = 0
    let high = chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const chunk = chunks[middle]!
      if (compare(chunk[chunk.length - 1]!, item) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  private offsetOf(chunk: readonly T[], item: T): number {
    let low = 0
    let high = chunk.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.compare(chunk[middle]!, item) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

function firstOf<T>(chunk: readonly T[], reached: (item: T) => boolean): number {
  let low = 0
  let high = chunk.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (reached(chunk[middle]!)) high = middle
    else low = middle + 1
  }
  return low
}
