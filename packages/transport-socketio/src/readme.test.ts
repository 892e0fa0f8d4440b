import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

test('the example of the README runs and opens nothing by itself', () => {
  const folder = new URL('..', import.meta.url)
  const readme = readFileSync(new URL('README.md', folder), 'utf8')
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
  const probe = `
    console.log(Object.keys(transport).join(), process.getActiveResourcesInfo().join())`
  const printed = execFileSync(
    process.execPath,
    ['--conditions=@countersign/source', '--input-type=module-typescript', '-e', example + probe],
    { cwd: folder, encoding: 'utf8' },
  )
  expect(printed).toMatch(/^connect,onWake,signalling,beside (?:PipeWrap|TTYWrap|,)*\n$/)
}, 30_000)
