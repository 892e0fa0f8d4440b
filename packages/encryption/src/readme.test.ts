import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

test('the example of the README runs and prints what it says', () => {
  const folder = new URL('..', import.meta.url)
  const readme = readFileSync(new URL('README.md', folder), 'utf8')
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1]
  const printed = execFileSync(
    process.execPath,
    ['--conditions=@countersign/source', '--input-type=module-typescript', '-e', example ?? ''],
    { cwd: folder, encoding: 'utf8' },
  )
  expect(printed).toBe('Only for us\nlocked: key 2026-05\n')
}, 30_000)
