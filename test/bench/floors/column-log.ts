/**
 * Floor: a log of changes in columns. Each change keeps its row, its parent (the change of the
 * same row before it), its author, its field, whether it is acknowledged, and its value.
 */
export const CREATED = 255
const AUTHOR = 1
const FIRST_CAPACITY = 1_024

export class ColumnLog {
  size = 0
  row: Int32Array = new Int32Array(FIRST_CAPACITY)
  parent: Int32Array = new Int32Array(FIRST_CAPACITY)
  author: Uint16Array = new Uint16Array(FIRST_CAPACITY)
  field: Uint8Array = new Uint8Array(FIRST_CAPACITY)
  acknowledged: Uint8Array = new Uint8Array(FIRST_CAPACITY)
  readonly values: unknown[] = []
  /** The newest change of each row. */
  heads: Int32Array = new Int32Array(FIRST_CAPACITY)

  append(row: number, field: number, value: unknown): void {
    if (this.size === this.row.length) this.growChanges()
    if (row >= this.heads.length) {
      this.heads = enlarged(this.heads, new Int32Array(this.heads.length * 2))
    }
    const at = this.size++
    this.row[at] = row
    this.parent[at] = field === CREATED ? -1 : this.heads[row]!
    this.author[at] = AUTHOR
    this.field[at] = field
    this.values.push(value)
    this.heads[row] = at
  }

  acknowledgeAll(): void {
    this.acknowledged.fill(1, 0, this.size)
  }

  private growChanges(): void {
    const capacity = this.row.length * 2
    this.row = enlarged(this.row, new Int32Array(capacity))
    this.parent = enlarged(this.parent, new Int32Array(capacity))
    this.author = enlarged(this.author, new Uint16Array(capacity))
    this.field = enlarged(this.field, new Uint8Array(capacity))
    this.acknowledged = enlarged(this.acknowledged, new Uint8Array(capacity))
  }
}

function enlarged<T extends Int32Array | Uint16Array | Uint8Array>(from: T, into: T): T {
  into.set(from)
  return into
}
