/**
 * W7: all persons add to a few sums, and rename or archive them now and then. What is
 * shown is, at every moment, the sum of the operations in view, each once; the oracle adds them up.
 */
import { type Receipt, counter } from '@countersign/core'
import { Meter, type WorldType } from '../entities.ts'
import { must } from '../violation.ts'
import type { Visit } from '../visit.ts'
import { RandomVerbs } from './random-verbs.ts'

const METERS_MAX = 4

export class Sums extends RandomVerbs {
  protected override pickType(): WorldType {
    return Meter
  }

  protected override verb(visit: Visit, written: Set<string>): Receipt {
    const rows = visit.watch!.rows(Meter)
    const isNew = rows.length === 0 || (rows.length < METERS_MAX && this.random.chance(0.15))
    if (isNew) return this.create(visit, Meter, written)
    if (this.random.chance(0.25)) return super.verb(visit, written)
    return this.#add(visit, this.random.pick(rows).id, written)
  }

  #add(visit: Visit, id: string, written: Set<string>): Receipt {
    const before = this.#sumOf(visit, id)
    const n = this.random.between(-4, 9)
    const receipt = visit.store.update(Meter, id, { sum: counter.increment(n) })
    written.add(id)
    this.wrote(visit, { type: Meter, id }, ['sum'])
    const after = this.#sumOf(visit, id)
    must(after === before + n, 'S13', () => `${before} and ${n} are shown as ${after}`)
    return receipt
  }

  #sumOf(visit: Visit, id: string): number {
    return this.rowOf(visit, Meter, id)!['sum'] as number
  }

  /** What an operation makes is not what was written. */
  protected override readsOwn(
    visit: Visit,
    at: { readonly type: WorldType; readonly id: string },
    { sum: _, ...values }: Readonly<Record<string, unknown>>,
  ): void {
    super.readsOwn(visit, at, values)
  }

  override check({ watch, name }: Visit): void {
    const open = watch!.rows(Meter).find((row) => 'sum' in row.$conflicts)
    must(!open, 'S8', () => `${name} sees a conflict of operations in ${open!.id}`)
  }
}
