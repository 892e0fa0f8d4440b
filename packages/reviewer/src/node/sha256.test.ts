import { hash, headHash } from '@countersign/core/message'
import { expect, test } from 'vitest'
import { installNodeSha256 } from './sha256.ts'

test('hashes are the same bytes with the SHA-256 of Node as without it', () => {
  const values = ['', 'ü\u{1f642}', { b: [1, null], a: 'x'.repeat(5_000) }]
  const hashes = (): string[] => [
    ...values.map((value) => hash('cs/chain', value)),
    ...values.map((value) => headHash('', JSON.stringify(value))),
  ]
  const portable = hashes()
  installNodeSha256()
  expect(hashes()).toEqual(portable)
})
