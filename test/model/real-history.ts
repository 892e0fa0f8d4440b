/**
 * The recorded edit history of a real repository, where the machine has it. Nothing depends
 * on it: where it is absent, generated histories of the same kind stand in.
 */
import { existsSync, readFileSync } from 'node:fs'
import { type Trace, readTrace } from './trace.ts'

const file = new URL('../../../shared/data/edit-history.jsonl', import.meta.url)

export const hasRealHistory: boolean = existsSync(file)

export function readRealHistory(): Trace {
  return readTrace(readFileSync(file, 'utf8'))
}
