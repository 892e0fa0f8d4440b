/**
 * The states and changes of a space in SQLite: a cache that is written behind the commits. Entities
 * are numbered in order of creation; the number is the key of an entity's changes and the order of a
 * scan, so that a scan reads the file sequentially.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { assert, checkState, utf8Bytes } from '@countersign/core/ports'
import type {
  Bytes,
  ChangeText,
  ReadLimit,
  ScanTables,
  StateKeyRange,
  StateText,
  Stored,
  WriteBehind,
  WrittenState,
} from '@countersign/core/ports'
import { sumOf, textOf } from './row.ts'
import { openSnapshot } from './space-file.ts'
import {
  type Behind,
  READ_BEHIND,
  STATE,
  type StateRow,
  behindKey,
  behindOf,
  keyedScan,
  scanOf,
  stateKey,
  stateOf,
} from './space-scan.ts'

interface EntityRow {
  readonly no: number
  readonly type: string
  readonly seq: number
  readonly way: string
}

export class BehindTables {
  readonly #read: StatementSync
  readonly #write: StatementSync
  readonly #entity: StatementSync
  readonly #state: StatementSync
  readonly #addState: StatementSync
  readonly #setState: StatementSync
  readonly #setWay: StatementSync
  readonly #keys: StatementSync
  readonly #addKey: StatementSync
  readonly #dropKey: StatementSync
  readonly #putChange: StatementSync
  readonly #changes: StatementSync
  readonly #db: DatabaseSync
  readonly #file: string

  constructor(db: DatabaseSync, file: string) {
    this.#db = db
    this.#file = file
    this.#read = db.prepare(READ_BEHIND)
    this.#write = db.prepare('insert or replace into behind values (1, ?, ?, ?)')
    this.#entity = db.prepare('select no, type, seq, way from states where entity = ?')
    this.#state = db.prepare(`${STATE} where entity = ?`)
    this.#addState = db.prepare('insert into states values (null, ?, ?, ?, ?, ?, ?)')
    this.#setState = db.prepare('update states set seq = ?, sum = ?, text = ? where no = ?')
    this.#setWay = db.prepare('update states set way = ? where no = ?')
    this.#keys = db.prepare('select key from keys where entity_no = ?')
    this.#addKey = db.prepare('insert into keys values (?, ?, ?)')
    this.#dropKey = db.prepare('delete from keys where type = ? and key = ? and entity_no = ?')
    this.#putChange = db.prepare(`
      insert into changes values (?, ?, ?, ?) on conflict do update
      set sum = excluded.sum, text = excluded.text`)
    this.#changes = db.prepare(`
      select seq, sum, text from changes where entity_no = ? and seq < ?
      order by seq desc limit ?`)
  }

  read(): Behind {
    return behindOf(this.#read)
  }

  write(write: WriteBehind, entities: number): void {
    const numbers = new Map<string, number>()
    let count = entities
    for (const state of write.states) {
      const known = this.#entity.get(state.entity) as EntityRow | undefined
      numbers.set(
        state.entity,
        known === undefined ? this.#add(state) : this.#replace(state, known),
      )
      if (known === undefined) count++
    }
    for (const { entity, seq, text } of write.changes) {
      const no = numbers.get(entity) ?? (this.#entity.get(entity) as EntityRow | undefined)?.no
      assert(no !== undefined, `entity ${entity} has no state`)
      numbers.set(entity, no)
      this.#putChange.run(no, seq, sumOf(changeKey(no, seq), text), text)
    }
    this.#writeBehind(write.through, count)
  }

  reset(): void {
    this.#db.exec('delete from changes; delete from keys; delete from states')
    this.#writeBehind(0, 0)
  }

  states(entities: readonly string[], bytesMax: Bytes): (Stored<StateText> | undefined)[] {
    const given: (Stored<StateText> | undefined)[] = []
    let left: number = bytesMax
    for (const entity of entities) {
      const row = this.#state.get(entity) as StateRow | undefined
      if (row !== undefined) left -= utf8Bytes(row.text)
      if (left < 0 && given.length > 0) break
      given.push(row && stateOf(row))
    }
    return given
  }

  changes(entity: string, beforeSeq: number, max: ReadLimit): Stored<ChangeText>[] {
    const known = this.#entity.get(entity) as EntityRow | undefined
    if (known === undefined) return []
    const given: Stored<ChangeText>[] = []
    let left: number = max.bytes
    for (const row of this.#changes.iterate(known.no, beforeSeq, max.count)) {
      const { seq, sum, text } = row as { seq: number; sum: string; text: string }
      left -= utf8Bytes(text)
      if (left < 0 && given.length > 0) break
      given.push({ entity, seq, text: textOf(changeKey(known.no, seq), sum, text) })
    }
    return given
  }

  scan(type: string | undefined, keys: StateKeyRange | undefined): ScanTables {
    const db = openSnapshot(this.#file)
    try {
      const of = behindOf(db.prepare(READ_BEHIND)) // fixes the snapshot of the transaction
      return type !== undefined && keys
        ? keyedScan(db, of, { type, ...keys })
        : scanOf(db, of, type)
    } catch (error) {
      db.close()
      throw error
    }
  }

  #add(state: WrittenState): number {
    const { entity, type, seq, text, found } = state
    const sum = sumOf(stateKey({ entity, type, seq }), text)
    const added = this.#addState.run(entity, type, seq, found?.way ?? '', sum, text)
    const no = Number(added.lastInsertRowid)
    for (const key of found?.keys ?? []) this.#addKey.run(type, key, no)
    return no
  }

  #replace(state: WrittenState, { no, type, seq, way }: EntityRow): number {
    checkState(state, { type, seq })
    const { text, found } = state
    this.#setState.run(state.seq, sumOf(stateKey(state), text), text, no)
    if (way !== (found?.way ?? '')) this.#setWay.run(found?.way ?? '', no)
    const left = new Set(found?.keys)
    for (const { key } of this.#keys.all(no) as unknown as readonly { readonly key: string }[])
      if (!left.delete(key)) this.#dropKey.run(type, key, no)
    for (const key of left) this.#addKey.run(type, key, no)
    return no
  }

  #writeBehind(through: number, entities: number): void {
    this.#write.run(through, entities, sumOf(behindKey(through, entities), ''))
  }
}

const changeKey = (no: number, seq: number): string => `the change of entity number ${no} at ${seq}`
