/** Marks beside the key outlive the process, and a damaged file is no mark. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fileMarks } from './marks.ts'

const SPACE = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10'
const OTHER = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a11'
let folder: string

beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'countersign-marks-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('EPO7 a mark is read by the next process, each space by itself', async () => {
  const file = join(folder, 'key.marks')
  const marks = fileMarks(file)
  expect(await marks.get(SPACE)).toBeUndefined()
  await marks.put(SPACE, { epoch: 1, head: null })
  await marks.put(OTHER, { epoch: 3, head: null })
  await marks.put(SPACE, { epoch: 2, head: { seq: 7, chain: 'c' } })
  const again = fileMarks(file)
  expect(await again.get(SPACE)).toEqual({ epoch: 2, head: { seq: 7, chain: 'c' } })
  expect(await again.get(OTHER)).toEqual({ epoch: 3, head: null })
  expect(readdirSync(folder)).toEqual(['key.marks'])
})

test('EPO7 a damaged file has no marks, and is written again', async () => {
  const file = join(folder, 'key.marks')
  writeFileSync(file, '{"half')
  const marks = fileMarks(file)
  expect(await marks.get(SPACE)).toBeUndefined()
  await marks.put(SPACE, { epoch: 1, head: null })
  expect(await fileMarks(file).get(SPACE)).toEqual({ epoch: 1, head: null })
})
