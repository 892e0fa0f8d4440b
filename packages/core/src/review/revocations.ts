/**
 * Whose writing has ended: author ids and persons that an operator has revoked. What they wrote
 * before and is still on its way may be taken: its time and what its author had read tell it apart.
 *
 *   revoked ──stored──▶ written before: taken late, or not ── written since: refused
 *      └── readmitted: as if it never was
 */
import type { Lineage } from '../history/lineage.ts'
import type { AuthoredMessage } from '../facts/types.ts'
import type { RevocationText, Stored } from '../ports/space-store.ts'
import { type RevocationKey, revokedWords } from './revoked.ts'

/**
 * What was written before and comes later. The time of a message is its author's word, so whoever has
 * the key can write it as of then: `refused` is for a key in foreign hands.
 */
export type LateWork = 'taken' | 'refused'

/** When the writing ended. */
export interface Revocation {
  /** The reviewer's clock, ms since 1970. */
  readonly at: number
  /** The head then. */
  readonly seq: number
  readonly late: LateWork
}

/** A row that cannot be read: nothing more is taken, until the operator revokes or readmits again. */
const DAMAGED: Revocation = { at: 0, seq: 0, late: 'refused' }

/** All of a space. They are few, so they are in memory. */
export class Revocations {
  #all: ReadonlyMap<RevocationKey, Revocation>

  constructor(stored: readonly Stored<RevocationText>[]) {
    this.#all = allOf(stored)
  }

  /** Another process may have written to the store. */
  reload(stored: readonly Stored<RevocationText>[]): void {
    this.#all = allOf(stored)
  }

  /** Those of an author id and its person. */
  of(keys: readonly RevocationKey[]): readonly (Revocation & { readonly key: RevocationKey })[] {
    return keys.flatMap((key) => {
      const revocation = this.#all.get(key)
      return revocation ? [{ ...revocation, key }] : []
    })
  }

  /** Stored now; undefined: deleted. */
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

/** Why a message is not taken; undefined: it was written before its author was revoked. */
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
