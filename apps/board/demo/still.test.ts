/** What the still page's server says to any request line. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serveFiles } from './still.ts'

const http = createServer()
serveFiles(
  http,
  new Map([
    ['index.html', '<p>'],
    ['a.js', '0'],
  ]),
)
beforeAll(async () => {
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
})
afterAll(() => void http.close())

async function statusOf(target: string): Promise<string | undefined> {
  const socket = connect((http.address() as AddressInfo).port, '127.0.0.1')
  socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  let text = ''
  socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')))
  await once(socket, 'close')
  return /^HTTP\/1\.1 (\d+)/.exec(text)?.[1]
}

test.each([
  ['/', '200'],
  ['/?a=//', '200'],
  ['/a.js', '200'],
  ['/a.js?v=1', '200'],
  ['//', '404'],
  ['///', '404'],
  ['//[', '404'],
  ['//:0', '404'],
  ['/%', '404'],
  ['/\\\\', '404'],
  ['/__proto__', '404'],
  ['/constructor', '404'],
  ['*', '404'],
  ['http://[', '404'],
  ['http://a:b/', '404'],
  [`/${'x'.repeat(8_000)}`, '404'],
])('a request for %s is answered, and the next one, too', async (target, status) => {
  expect(await statusOf(target)).toBe(status)
  expect(await statusOf('/')).toBe('200')
})
