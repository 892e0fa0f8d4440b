/**
 * Checksums of rows: over the key and the values beside the text, and the text. A row that rots
 * is reported with its key.
 */
import { checksum, damaged } from '@countersign/core/ports'
import type { Stored } from '@countersign/core/ports'
import { StoreError } from './errors.ts'

/** `key` names table, key and the other columns: a row that is found under another key fails. */
export function sumOf(key: string, text: string): string {
  return checksum(`${key} ${checksum(text)}`)
}

/** The text, or the report that the row of `key` is damaged. */
export function textOf(key: string, sum: string, text: string): Stored<{ text: string }>['text'] {
  return sum === sumOf(key, text) ? { ok: true, value: text } : damaged(key)
}

/** For rows without which nothing can be done. Throws a `StoreError` that names the row. */
export function checkRow(key: string, sum: string, text: string): void {
  if (sum !== sumOf(key, text)) throw new StoreError('corrupt', `${key} is damaged in the store`)
}
