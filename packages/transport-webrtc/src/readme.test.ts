import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** A page has a window, and WebRTC of its own. */
const begin = `
  import * as werift from 'werift'
  globalThis.window = {}
  globalThis.RTCPeerConnection = werift.RTCPeerConnection
`
const end = `
  while (store.query(Note).rows[0]?.$state !== 'canonical') await new Promise((done) => setTimeout(done, 5))
  console.log(store.query(Note).rows[0].text)
  process.exit(0)`

test('the example of the README runs, and what it writes is reviewed', () => {
  const folder = new URL('..', import.meta.url)
  const readme = readFileSync(new URL('README.md', folder), 'utf8')
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
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
  expect(printed).toBe('Reviewed by Ada\n')
}, 60_000)
