/** The private table of a space in SQLite: the person behind each author id. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { AuthorText, Stored } from '@countersign/core/ports'
import { sumOf, textOf } from './row.ts'

interface AuthorRow extends AuthorText {
  readonly sum: string
}

const AUTHOR = 'select author_id as authorId, sum, text from authors'

export class AuthorTables {
  readonly #byId: StatementSync
  readonly #byText: StatementSync
  readonly #put: StatementSync

  constructor(db: DatabaseSync) {
    this.#byId = db.prepare(`${AUTHOR} where author_id = ?`)
    this.#byText = db.prepare(`${AUTHOR} where text = ? order by no desc limit ?`)
    this.#put = db.prepare('insert into authors values (null, ?, ?, ?) on conflict do nothing')
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
}

function authorOf({ authorId, sum, text }: AuthorRow): Stored<AuthorText> {
  return { authorId, text: textOf(authorKey(authorId), sum, text) }
}

const authorKey = (id: string): string => `author ${id}`
