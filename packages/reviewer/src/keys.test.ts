import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memorySpaces } from '@countersign/core/ports'
import type { SpaceStore } from '@countersign/core/ports'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { reviewerKeys } from './keys.ts'
import { nodeSigner } from './node/signer.ts'

const signer = nodeSigner()
const newStore = (): SpaceStore => memorySpaces().open('1f0e9a52-6f0c-4d3c-9a61-0a2f4b7c8d9e')
let folder: string
let keyFile: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-keys-'))
  keyFile = join(folder, 'key.json')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('without a file the store keeps the key, and it stays the same', async () => {
  const store = newStore()
  const [one, two] = await Promise.all([
    reviewerKeys({ store, signer }),
    reviewerKeys({ store, signer }),
  ])
  expect(two).toEqual(one)
  expect(await reviewerKeys({ store, signer })).toEqual(one)
})

test('with a file the key is there, for its owner only, and not in the store', async () => {
  const store = newStore()
  const keys = await reviewerKeys({ store, signer, keyFile })
  expect(statSync(keyFile).mode & 0o777).toBe(0o600)
  expect(await reviewerKeys({ store: newStore(), signer, keyFile })).toEqual(keys)
  expect(await store.meta('key')).toBeUndefined()
})

test('a damaged key is one line that does not quote it', async () => {
  await reviewerKeys({ store: newStore(), signer, keyFile })
  const secret = (JSON.parse(readFileSync(keyFile, 'utf8')) as { secret: string }).secret
  const damaged = [
    '',
    '{}',
    'null',
    `{"publicKey":"x","secret":"${secret}"}`,
    `{"secret":"${secret}`,
  ]
  for (const text of damaged) {
    writeFileSync(keyFile, text)
    const failed = reviewerKeys({ store: newStore(), signer, keyFile })
    await expect(failed).rejects.toThrow(/^the reviewer key in .*key\.json is damaged \(\w+\)$/)
    await expect(failed).rejects.not.toThrow(secret)
    expect(readFileSync(keyFile, 'utf8')).toBe(text)
  }
})

test('a file that cannot be made is one line that names it', async () => {
  const missing = join(folder, 'missing', 'key.json')
  const failed = reviewerKeys({ store: newStore(), signer, keyFile: missing })
  await expect(failed).rejects.toThrow(`cannot use the key file ${missing}: ENOENT`)
})
