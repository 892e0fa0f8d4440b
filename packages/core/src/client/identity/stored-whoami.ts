/** The records of keys in a partition: of the one that writes, of days, of tabs, and of earlier ones. */
import { whoamiId } from '../../facts/whoami.ts'
import type { KeyPair } from '../../ports/signer.ts'

/** A key, and the time of its first use. */
export interface StoredWhoami {
  readonly keys: KeyPair
  readonly madeAt: number
  /** A new key takes its place when nothing waits that it wrote. */
  readonly isLeaving?: boolean
}

/** The name of the record of the key that writes, and how the names of all others begin. */
export const WHOAMI = 'whoami'

/** Whether a record of that name is a key. */
export function isWhoami(name: string): boolean {
  return name === WHOAMI || name.startsWith(`${WHOAMI}:`)
}

/** Whether a stored value has the form of a key; its halves may still not belong together. */
export function isStoredWhoami(value: unknown): value is StoredWhoami {
  const { keys, madeAt } = Object(value) as Partial<StoredWhoami>
  return typeof keys?.publicKey === 'string' && typeof madeAt === 'number'
}

/** The name of a key that is kept beside the one that writes. */
export function nameOfKeys({ keys }: StoredWhoami): string {
  return `${WHOAMI}:${whoamiId(keys.publicKey)}`
}
