import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** A page has a window. */
const begin = `globalThis.window = {}\n`
const end = `
  while (store.query(Note).rows[0]?.$state !== 'canonical') await new Promise((done) => setTimeout(done, 5))
  console.log(store.query(Note).rows[0].text)
  process.exit(0)`

const folder = new URL('..', import.meta.url)
const readme = readFileSync(new URL('README.md', folder), 'utf8')
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text]) => text!)

test('the example of one connection runs, and opens nothing by itself', () => {
  const example = examples.find((text) => text.includes('shareBetweenTabs')) ?? ''
  const probe = `
    console.log(Object.keys(shared.signalling).length, shared.leads, process.getActiveResourcesInfo().join())`
  const printed = execFileSync(
    process.execPath,
    ['--conditions=@countersign/source', '--input-type=module-typescript', '-e', example + probe],
    { cwd: folder, encoding: 'utf8' },
  )
  expect(printed).toMatch(/^0 false (?:PipeWrap|TTYWrap|,)*\n$/)
}, 30_000)

test('the example of the README runs, and what it writes is reviewed', () => {
  const example = examples.find((text) => text.includes('broadcastPeers')) ?? ''
  const printed = execFileSync(
    process.execPath,
    [
      '--conditions=@countersign/source',
      '--input-type=module-typescript',
      '-e',
      begin + example + end,
    ],
    { cwd: folder, encoding: 'utf8', timeout: 30_000 },
  )
  expect(printed).toBe('Reviewed next door\n')
}, 60_000)
