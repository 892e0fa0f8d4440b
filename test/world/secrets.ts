/**
 * In some worlds of followers: rows that only the person who created them may read, as long as
 * they hold a certain value. So rows are withheld and shown again as people edit them.
 */
import type { CanRead } from '@countersign/core/reviewer'
import type { EntityHistory } from './facts.ts'
import type { Logins } from './logins.ts'

/** By type: the register and the values. */
const MARKS: ReadonlyMap<string, readonly [reg: string, values: readonly unknown[]]> = new Map([
  ['task', ['points', [0, 5]]],
  ['badge', ['level', [3]]],
])

export class Secrets {
  readonly #logins: Logins

  constructor(logins: Logins) {
    this.#logins = logins
  }

  /** The function `canRead` of the reviewer. */
  readonly canRead: CanRead = ({ entity, samePerson }, row) => {
    const [reg, values] = MARKS.get(entity) ?? []
    if (reg === undefined || !values) return true
    const candidates = row.$conflicts[reg]?.candidates.map(({ value }) => value) ?? [row[reg]]
    return !candidates.some((value) => values.includes(value)) || samePerson(row.$createdBy)
  }

  /** The same for the row as it was at a seq. A missing row is not secret. */
  mayRead(person: string, history: EntityHistory, seq: number): boolean {
    const [reg, values] = MARKS.get(history.type) ?? []
    const mask = history.acceptedAt(seq)
    if (reg === undefined || !values || mask === 0n) return true
    const live = history.expected(mask).live.get(reg) ?? []
    if (!live.some(({ value }) => values.includes(value))) return true
    const roots = history
      .within(mask)
      .filter(({ oracle }) =>
        oracle.changes.some(({ entity, parents }) => entity === history.id && parents.length === 0),
      )
    const first = roots.reduce((a, b) => (a.seq! < b.seq! ? a : b))
    return this.#logins.personOfAuthor(first.message.session.facts.authorId) === person
  }
}
