/** A row with those that its references name; a snapshot, as every row. */
import type { Uuid } from '../../base/uuid.ts'
import type { Entity } from '../../schema/entity.ts'
import type { AnyRow, FieldConflict, RowMeta, RowState } from '../../schema/types.ts'
import type { Peek } from '../included.ts'

/** What the references of a row name, by field. */
export type Included = Readonly<Record<string, Peek<Entity> | undefined>>

/** The fields of a row, and all that is said of it; `$included`, too, is in neither spread nor JSON. */
export class RowWithIncluded implements RowMeta {
  declare readonly id: Uuid
  readonly #row: AnyRow
  readonly #included: Included

  constructor(row: AnyRow, included: Included) {
    this.#row = row
    this.#included = Object.freeze(included)
    Object.assign(this, row)
    Object.freeze(this)
  }

  get $included(): Included {
    return this.#included
  }

  get $author(): Uuid {
    return this.#row.$author
  }

  get $reviewer(): Uuid | null {
    return this.#row.$reviewer
  }

  get $orderKey(): string {
    return this.#row.$orderKey
  }

  get $createdBy(): Uuid {
    return this.#row.$createdBy
  }

  get $mine(): boolean {
    return this.#row.$mine
  }

  get $createdOrderKey(): string {
    return this.#row.$createdOrderKey
  }

  get $timestamp(): number {
    return this.#row.$timestamp
  }

  get $version(): number {
    return this.#row.$version
  }

  get $state(): RowState {
    return this.#row.$state
  }

  get $heads(): readonly Uuid[] {
    return this.#row.$heads
  }

  get $conflicts(): Readonly<Record<string, FieldConflict>> {
    return this.#row.$conflicts
  }

  get $redacted(): readonly string[] {
    return this.#row.$redacted
  }

  get $archived(): boolean {
    return this.#row.$archived
  }
}
