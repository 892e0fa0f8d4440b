/** The examples of the README, run as one program. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

test('the examples of the README run and print what they say', () => {
  const folder = new URL('../../packages/core/', import.meta.url)
  const readme = readFileSync(new URL('README.md', folder), 'utf8')
  const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code)
  expect(examples).toHaveLength(6)
  const printed = execFileSync(
    process.execPath,
    [
      '--conditions=@countersign/source',
      '--input-type=module-typescript',
      '-e',
      `${examples.join('\n')}\nawait store.close()`,
    ],
    { cwd: folder, encoding: 'utf8' },
  )
  expect(printed).toBe(
    'doing draft\n1\n8 news\n3\n0 1\n2 true 14,13,12,11\nAnn ready 36\ntrue false\n0 written, 17 here or accepted already, 0 left\n',
  )
}, 30_000)
