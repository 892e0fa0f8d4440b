/**
 * A fault switch, as the panel shows it. The panel knows only this interface; the wrapper implements
 * the fault.
 */

export type FaultSwitch =
  | {
      readonly kind: 'toggle'
      readonly id: string
      readonly label: string
      /** The effect while it is on, as text. */
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
  /** Sets a switch; a toggle takes 0 or 1. Throws RangeError for an unknown id or value. */
  set(id: string, value: number): void
  /** Switches all faults off. */
  reset(): void
  subscribe(listener: () => void): () => void
}
