import { expect, test } from 'vitest'
import { hashText, setSha256 } from '../../base/hash.ts'
import { installNativeHash } from './native-hash.ts'

const TEXTS = ['', 'a', 'é', '\u2028\n', '😀', '\ud800', 'x'.repeat(70_000)]

test('hashes of Node are those of the portable code', () => {
  const portable = TEXTS.map((text) => hashText('cs/seal', text))
  setSha256(() => 'replaced')
  installNativeHash({ process })
  expect(TEXTS.map((text) => hashText('cs/seal', text))).toEqual(portable)
})

test.each([[{}], [{ getBuiltinModule: () => undefined }], [{ getBuiltinModule: () => ({}) }]])(
  'where there is none, nothing is replaced: %j',
  (process) => {
    setSha256(() => 'before')
    installNativeHash({ process })
    expect(hashText('cs/seal', 'a')).toBe('before')
  },
)
