import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type JWTPayload, SignJWT, exportJWK, generateKeyPair } from 'jose'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { anonymous } from './anonymous.ts'
import { type JwksOptions, type KeyOptions, jwt } from './jwt.ts'

const ISSUER = 'https://login.example'
const AUDIENCE = 'todos'
const PEER = { address: '127.0.0.1' }
type Pair = Awaited<ReturnType<typeof generateKeyPair>>

let pair: Pair
let other: Pair
beforeAll(async () => {
  ;[pair, other] = await Promise.all([generateKeyPair('EdDSA'), generateKeyPair('EdDSA')])
})

const rules = {
  issuer: ISSUER,
  audience: AUDIENCE,
  personalId: ({ sub }: JWTPayload) => sub,
}

const nowS = (): number => Math.floor(Date.now() / 1_000)

function token(
  claims: JWTPayload = {},
  {
    key = pair.privateKey,
    alg = 'EdDSA',
    kid,
  }: { key?: Pair['privateKey'] | Uint8Array; alg?: string; kid?: string } = {},
): Promise<string> {
  const whole = { iss: ISSUER, aud: AUDIENCE, sub: 'ann', exp: nowS() + 60, ...claims }
  return new SignJWT(whole).setProtectedHeader({ alg, ...(kid && { kid }) }).sign(key)
}

const answerTo = async (
  auth: string | undefined,
  options: Partial<JwksOptions | KeyOptions> = {},
): Promise<unknown> => jwt({ ...rules, key: pair.publicKey, ...options } as KeyOptions)(auth, PEER)

describe('AUTH1 a token', () => {
  test('of the issuer for this audience is its person, with the claims, until its end', async () => {
    const exp = nowS() + 60
    const answer = await answerTo(await token({ exp, role: 'editor' }))
    expect(answer).toMatchObject({ personalId: 'ann', claims: { role: 'editor', sub: 'ann' } })
    expect(answer).toMatchObject({ expiresAt: (exp + 5) * 1_000 })
  })

  const unsigned = [{ alg: 'none' }, { iss: ISSUER, aud: AUDIENCE, sub: 'ann', exp: 9e9 }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const refused: [title: string, make: () => Promise<string> | string | undefined, why: string][] =
    [
      ['that is none', () => undefined, 'no token was sent: sign in'],
      ['that is empty', () => '', 'the token is no JWT'],
      ['that is no JWT', () => 'a.b.c', 'the token is no JWT'],
      ['without a signature', () => `${unsigned}.`, 'the token is signed in another way'],
      ['that has expired', () => token({ exp: nowS() - 60 }), 'the token has expired'],
      [
        'that never ends',
        () => token({ exp: undefined as never }),
        'the token is refused for its claim "exp"',
      ],
      [
        'of another issuer',
        () => token({ iss: 'https://evil.example' }),
        'the token is refused for its claim "iss"',
      ],
      [
        'for another app',
        () => token({ aud: 'payroll' }),
        'the token is refused for its claim "aud"',
      ],
      [
        'that is not valid yet',
        () => token({ nbf: nowS() + 600 }),
        'the token is refused for its claim "nbf"',
      ],
      ['that names nobody', () => token({ sub: undefined as never }), 'the token names no person'],
      [
        'of another key',
        () => token({}, { key: other.privateKey }),
        'the token is not signed by its issuer',
      ],
      [
        'signed with the public key as a secret',
        async () =>
          token(
            {},
            { key: Buffer.from((await exportJWK(pair.publicKey)).x!, 'base64url'), alg: 'HS256' },
          ),
        'the token is signed in another way',
      ],
    ]
  test.each(refused)('%s is refused, in words', async (_, make, why) => {
    expect(await answerTo(await make())).toBe(why)
  })

  test('is taken with a secret where that is the key', async () => {
    const key = new TextEncoder().encode('a secret of thirty-two characters')
    expect(await answerTo(await token({}, { key, alg: 'HS256' }), { key })).toMatchObject({
      personalId: 'ann',
    })
    expect(await answerTo(await token(), { key })).toBe('the token is signed in another way')
  })
})

describe('AUTH1 keys of the issuer', () => {
  let server: Server | undefined
  afterEach(() => void server?.close())

  async function serving(
    answer: () => { readonly status: number; readonly body: unknown },
  ): Promise<string> {
    server = createServer((_, response) => {
      const { status, body } = answer()
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
    await new Promise<void>((done) => server!.listen(0, '127.0.0.1', done))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`
  }

  test('are those of its JWKS document, or of the set', async () => {
    const keys = [{ ...(await exportJWK(pair.publicKey)), kid: '1', alg: 'EdDSA' }]
    const jwks = await serving(() => ({ status: 200, body: { keys } }))
    for (const set of [jwks, new URL(jwks), { keys }]) {
      const asked = jwt({ ...rules, jwks: set })
      expect(await asked(await token({}, { kid: '1' }), PEER)).toMatchObject({ personalId: 'ann' })
      expect(await asked(await token({}, { kid: '2', key: other.privateKey }), PEER)).toBe(
        'the token is not signed by its issuer',
      )
    }
  })

  test('that cannot be fetched reject no client: it throws, without the token', async () => {
    const jwks = await serving(() => ({ status: 503, body: {} }))
    const auth = await token()
    const asked = async (): Promise<unknown> => jwt({ ...rules, jwks })(auth, PEER)
    const failed = await asked().catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(Error)
    expect(String(failed)).not.toContain(auth)
  })

  test('are not fetched in clear from elsewhere', () => {
    expect(() => jwt({ ...rules, jwks: 'http://login.example/jwks.json' })).toThrow(/by https/)
  })
})

test('AUTH1 anonymous: no client proves a person, with any token', async () => {
  expect([await anonymous()(undefined, PEER), await anonymous()('token', PEER)]).toEqual([
    null,
    null,
  ])
})
