import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

test.each([
  ['first', 0, /^space [0-9a-f-]{36} at http:\/\/127\.0\.0\.1:\d+\n200\n$/],
  ['login', 1, /^no token was sent: sign in\n$/],
])(
  'the %s example of the README runs and prints what it says',
  (_, at, says) => {
    const folder = new URL('..', import.meta.url)
    const readme = readFileSync(new URL('README.md', folder), 'utf8')
    const example = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)][at]?.[1]
    const printed = execFileSync(
      process.execPath,
      ['--conditions=@countersign/source', '--input-type=module-typescript', '-e', example ?? ''],
      { cwd: folder, encoding: 'utf8' },
    )
    expect(printed).toMatch(says)
  },
  30_000,
)
