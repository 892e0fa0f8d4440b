/**
 * In some worlds of followers: rows that nobody may read but the person who created them, as long as
 * they hold a certain value. So rows are withheld and shown again as people edit them.
 */
import type { CanRead } from '@countersign/core/reviewer'
import type { EntityHistory } from './facts.ts'
import type { Logins } from './logins.ts'

/** By type: the register and the value. */
const MARKS: ReadonlyMap<string, readonly [reg: string, value: number]> = new Map([
  ['task', ['points', 5]],
  ['badge', ['level', 3]],
])

export class Secrets {
  readonly #logins: Logins

  constructor(logins: Logins) {
    this.#logins = logins
  }

  /** The reviewer's. */
  readonly canRead: CanRead = ({ entity, samePerson }, row) => {
    const [reg, value] = MARKS.get(entity) ?? []
    if (reg === undefined) return true
    const candidates = row.$conflicts[reg]?.candidates.map((candidate) => candidate.value)
    return !(candidates ?? [row[reg]]).includes(value) || samePerson(row.$createdBy)
  }

  /** The same of the row as it was at a seq. What is not there is nobody's secret. */
  mayRead(person: string, history: EntityHistory, seq: number): boolean {
    const [reg, value] = MARKS.get(history.type) ?? []
    const mask = history.acceptedAt(seq)
    if (reg === undefined || mask === 0n) return true
    const live = history.expected(mask).live.get(reg) ?? []
    if (!live.some((write) => write.value === value)) return true
    const roots = history
      .within(mask)
      .filter(({ oracle }) =>
        oracle.changes.some(({ entity, parents }) => entity === history.id && parents.length === 0),
      )
    const first = roots.reduce((a, b) => (a.seq! < b.seq! ? a : b))
    return this.#logins.personOfAuthor(first.message.session.facts.authorId) === person
  }
}
