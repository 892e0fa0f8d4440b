import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Issuer } from './issuer.ts'
import { loginOf } from './login.ts'

const issuer = new Issuer()
const peer = { address: 'here' }
const http = createServer((_, response) => void response.end('the page'))
let at = ''

beforeAll(async () => {
  issuer.serve(http)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  at = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
})
afterAll(() => void http.close())

describe('the login of the demo', () => {
  test('gives a token that its reviewer takes, for ten minutes', async () => {
    const token = await (await fetch(`${at}/login/ann`, { method: 'POST' })).text()
    const login = await loginOf(issuer.publicKey)!(token, peer)
    expect(login).toMatchObject({ personalId: 'ann' })
    const old = issuer.tokenOf('ann', Math.floor(Date.now() / 1_000) - 700)
    expect(await loginOf(issuer.publicKey)!(old, peer)).toBe('the token has expired')
  })

  test('rejects a token of another issuer, and no person needs one', async () => {
    const token = new Issuer().tokenOf('ann')
    expect(await loginOf(issuer.publicKey)!(token, peer)).toEqual(expect.any(String))
    expect(await loginOf(issuer.publicKey)!(undefined, peer)).toBeNull()
    expect(loginOf(undefined)).toBeUndefined()
  })

  test('answers for its own persons, and leaves the rest to the page', async () => {
    const statusOf = async (path: string, method: string): Promise<number> =>
      (await fetch(at + path, { method })).status
    expect(await statusOf('/login/eve', 'POST')).toBe(404)
    expect(await statusOf('/login/ann', 'GET')).toBe(404)
    expect(await (await fetch(`${at}/index.html`)).text()).toBe('the page')
  })
})
