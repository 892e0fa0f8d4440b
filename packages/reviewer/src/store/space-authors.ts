/** The private tables of a space in SQLite: who stands behind each author id, and who is revoked. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { checksum } from '@countersign/core/ports'
import type { AuthorText, Commit, RevocationText, Stored } from '@countersign/core/ports'
import { sumOf, textOf } from './row.ts'

interface AuthorRow extends AuthorText {
  readonly sum: string
}

const AUTHOR = 'select author_id as authorId, sum, text from authors'

export class AuthorTables {
  readonly #byId: StatementSync
  readonly #byText: StatementSync
  readonly #put: StatementSync
  readonly #revocations: StatementSync
  readonly #readmit: StatementSync
  readonly #revoke: StatementSync

  constructor(db: DatabaseSync) {
    this.#byId = db.prepare(`${AUTHOR} where author_id = ?`)
    this.#byText = db.prepare(`${AUTHOR} where text = ? order by no desc limit ?`)
    this.#put = db.prepare('insert into authors values (null, ?, ?, ?) on conflict do nothing')
    this.#revocations = db.prepare('select key, sum, text from revocations')
    this.#readmit = db.prepare('delete from revocations where key = ?')
    this.#revoke = db.prepare('insert or replace into revocations values (?, ?, ?)')
  }

  put(authors: readonly AuthorText[]): void {
    for (const { authorId, text } of authors)
      this.#put.run(authorId, sumOf(authorKey(authorId), text), text)
  }

  author(id: string): Stored<AuthorText> | undefined {
    const row = this.#byId.get(id) as AuthorRow | undefined
    return row && authorOf(row)
  }

  of(text: string, countMax: number): readonly Stored<AuthorText>[] {
    const rows = this.#byText.all(text, countMax) as unknown as AuthorRow[]
    return rows.map((row) => authorOf(row))
  }

  revoke(revocations: NonNullable<Commit['revocations']>): void {
    for (const { key, text } of revocations) {
      if (text === undefined) this.#readmit.run(key)
      else this.#revoke.run(key, sumOf(revocationKey(key), text), text)
    }
  }

  revocations(): readonly Stored<RevocationText>[] {
    const rows = this.#revocations.all() as unknown as (RevocationText & { sum: string })[]
    return rows.map(({ key, sum, text }) => ({ key, text: textOf(revocationKey(key), sum, text) }))
  }
}

function authorOf({ authorId, sum, text }: AuthorRow): Stored<AuthorText> {
  return { authorId, text: textOf(authorKey(authorId), sum, text) }
}

const authorKey = (id: string): string => `author ${id}`
/** It names a person, and what is damaged is reported: the key is not in it. */
const revocationKey = (key: string): string => `a revocation (${checksum(key)})`
