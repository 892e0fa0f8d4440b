/** The switches of one wrapper: their values, subscribers, and random numbers. */
import type { FaultControl, FaultSwitch } from './control.ts'

/** A switch without its value. */
export type SwitchShape =
  | Omit<Extract<FaultSwitch, { kind: 'toggle' }>, 'on'>
  | Omit<Extract<FaultSwitch, { kind: 'amount' }>, 'value'>

export interface SwitchesOptions {
  readonly kind: FaultControl['kind']
  readonly label: string
  readonly switches: readonly SwitchShape[]
  /** A random number in [0, 1); a test can inject it. */
  readonly chance?: () => number
}

export class Switches implements FaultControl {
  readonly kind: FaultControl['kind']
  readonly label: string
  readonly #shapes: ReadonlyMap<string, SwitchShape>
  readonly #values = new Map<string, number>()
  readonly #listeners = new Set<() => void>()
  readonly #chance: () => number

  constructor({ kind, label, switches, chance }: SwitchesOptions) {
    this.kind = kind
    this.label = label
    this.#shapes = new Map(switches.map((each) => [each.id, each]))
    this.#chance = chance ?? Math.random
  }

  switches(): readonly FaultSwitch[] {
    return [...this.#shapes.values()].map((shape): FaultSwitch =>
      shape.kind === 'toggle'
        ? { ...shape, on: this.on(shape.id) }
        : { ...shape, value: this.amount(shape.id) },
    )
  }

  set(id: string, value: number): void {
    const shape = this.#shapes.get(id)
    if (!shape) throw new RangeError(`${this.label} has no fault ${id}`)
    const max = shape.kind === 'toggle' ? 1 : shape.max
    if (!Number.isFinite(value) || value < 0 || value > max)
      throw new RangeError(`${this.label}: ${id} must be from 0 to ${max}`)
    if (this.amount(id) === value) return
    this.#values.set(id, value)
    this.#tell()
  }

  reset(): void {
    if (this.#values.size === 0) return
    this.#values.clear()
    this.#tell()
  }

  subscribe(listener: () => void): () => void {
    const own = (): void => listener()
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  on(id: string): boolean {
    return this.amount(id) > 0
  }

  amount(id: string): number {
    return this.#values.get(id) ?? 0
  }

  /** Whether the fault occurs this time, with the probability of its share. */
  hits(id: string): boolean {
    const share = this.amount(id)
    return share > 0 && this.#chance() * 100 < share
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}
