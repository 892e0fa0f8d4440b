/**
 * The author ids and persons that an operator has revoked. A message of theirs that arrives later may
 * still be taken, if it was written before the revocation: its time and its `seen` show that.
 *
 *   revoked ──stored──▶ written before: taken, or refused (`late`) ── written since: refused
 *      └── readmitted: as if it had never been revoked
 */
import type { Lineage } from '../history/lineage.ts'
import type { AuthoredMessage } from '../facts/types.ts'
import type { RevocationText, Stored } from '../ports/space-store.ts'
import { type RevocationKey, revokedWords } from './revoked.ts'

/**
 * Whether messages are taken that were written before the revocation and arrive after it. The author
 * states the time of a message, so a thief of the key can date one before the revocation: `refused` is
 * for a stolen key.
 */
export type LateWork = 'taken' | 'refused'

/** When an author id or a person was revoked. */
export interface Revocation {
  /** The reviewer's clock, ms since 1970. */
  readonly at: number
  /** The seq of the head at that time. */
  readonly seq: number
  readonly late: LateWork
}

/**
 * Stands for a stored revocation that cannot be read: no message is taken until the operator revokes
 * or readmits again.
 */
const DAMAGED: Revocation = { at: 0, seq: 0, late: 'refused' }

/** All revocations of a space, in memory, because they are few. */
export class Revocations {
  #all: ReadonlyMap<RevocationKey, Revocation>

  constructor(stored: readonly Stored<RevocationText>[]) {
    this.#all = allOf(stored)
  }

  /** Called when another process may have written to the store. */
  reload(stored: readonly Stored<RevocationText>[]): void {
    this.#all = allOf(stored)
  }

  /** The revocations with these keys. */
  of(keys: readonly RevocationKey[]): readonly (Revocation & { readonly key: RevocationKey })[] {
    return keys.flatMap((key) => {
      const revocation = this.#all.get(key)
      return revocation ? [{ ...revocation, key }] : []
    })
  }

  /** Called when a revocation is stored; undefined: it is deleted. */
  put(key: RevocationKey, revocation: Revocation | undefined): void {
    const others = [...this.#all].filter(([other]) => other !== key)
    this.#all = new Map(revocation ? [...others, [key, revocation]] : others)
  }
}

function allOf(stored: readonly Stored<RevocationText>[]): ReadonlyMap<RevocationKey, Revocation> {
  return new Map(
    stored.map(({ key, text }) => [
      key as RevocationKey,
      text.ok ? (JSON.parse(text.value) as Revocation) : DAMAGED,
    ]),
  )
}

/** Why a message is refused; undefined: no revocation refuses it. */
export function revokedFault(
  { time, seen }: AuthoredMessage,
  revocations: ReturnType<Revocations['of']>,
  lineage: Lineage,
): string | undefined {
  const readSeq = lineage.readings(seen)?.here ?? seen.seq
  const ended = revocations.find(
    ({ at, seq, late }) => late === 'refused' || time > at || readSeq > seq,
  )
  if (!ended) return undefined
  const since = ended.late === 'refused' ? 'nothing more is taken' : 'it was written since'
  return `${revokedWords(ended.key)}: ${since}`
}
