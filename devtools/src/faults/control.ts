/**
 * A fault that can be switched, as the panel shows it. The panel knows this shape alone; what a
 * switch does is the business of the wrapper that made it.
 */

export type FaultSwitch =
  | {
      readonly kind: 'toggle'
      readonly id: string
      readonly label: string
      /** What happens while it is on. */
      readonly says: string
      readonly on: boolean
    }
  | {
      readonly kind: 'amount'
      readonly id: string
      readonly label: string
      readonly says: string
      readonly unit: 'ms' | '%'
      readonly value: number
      readonly max: number
    }

/** The switches of one faulty port, as the panel shows them. */
export interface FaultControl {
  /** Which port of which store. */
  readonly label: string
  readonly kind: 'transport' | 'storage'
  switches(): readonly FaultSwitch[]
  /** Sets a switch: a toggle by 0 or 1. What it does not have is refused with an error. */
  set(id: string, value: number): void
  /** Everything back to an honest port. */
  reset(): void
  subscribe(listener: () => void): () => void
}
