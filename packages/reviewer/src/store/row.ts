/**
 * Checksums of rows: over the key, the other columns, and the text. A damaged row is reported with its
 * key.
 */
import { checksum, damaged } from '@countersign/core/ports'
import type { Stored } from '@countersign/core/ports'
import { StoreError } from './errors.ts'

/** The checksum of a row. `key` contains the table, the key and the other columns, so a row under a wrong key is detected. */
export function sumOf(key: string, text: string): string {
  return checksum(`${key} ${checksum(text)}`)
}

/** The text of a row, or an error with its key when it is damaged. */
export function textOf(key: string, sum: string, text: string): Stored<{ text: string }>['text'] {
  return sum === sumOf(key, text) ? { ok: true, value: text } : damaged(key)
}

/** Verifies an indispensable row. Throws a `StoreError` with its key. */
export function checkRow(key: string, sum: string, text: string): void {
  if (sum !== sumOf(key, text)) throw new StoreError('corrupt', `${key} is damaged in the store`)
}
