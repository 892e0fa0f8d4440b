/**
 * The login service of the demo: gives a token to whoever asks for one of its persons, without a
 * password. The tokens are JSON Web Tokens with an end, signed with a key that is made at the start; the
 * reviewer gets its public half.
 */
import { generateKeyPairSync, sign } from 'node:crypto'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { isPersonId } from '../src/model/persons.ts'

export const ISSUER = 'https://login.board.example'
export const AUDIENCE = 'board'
/** The environment variable of the reviewer process that has the public key, as a JWK. */
export const KEY_VARIABLE = 'BOARD_ISSUER_KEY'
const path = /^\/login\/(\w+)$/
const livesS = 600

export class Issuer {
  readonly #keys = generateKeyPairSync('ed25519')

  /** The public key, as a JWK. */
  get publicKey(): string {
    return JSON.stringify(this.#keys.publicKey.export({ format: 'jwk' }))
  }

  /** A token of that person, which ends in ten minutes. */
  tokenOf(personId: string, nowS: number = Math.floor(Date.now() / 1_000)): string {
    const parts = [
      { alg: 'EdDSA', typ: 'JWT' },
      { iss: ISSUER, aud: AUDIENCE, sub: personId, iat: nowS, exp: nowS + livesS },
    ]
    const body = parts
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    const signature = sign(null, Buffer.from(body), this.#keys.privateKey)
    return `${body}.${signature.toString('base64url')}`
  }

  /** Answers `POST /login/<person>`; everything else is left to the listeners that the server has. */
  serve(http: Server): void {
    const others = http.listeners('request') as RequestListener[]
    http.removeAllListeners('request')
    http.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const personId = path.exec(request.url ?? '')?.[1]
      if (personId === undefined) {
        for (const other of others) other.call(http, request, response)
        return
      }
      const isKnown = request.method === 'POST' && isPersonId(personId)
      if (isKnown)
        response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-store' })
      else response.writeHead(404)
      response.end(isKnown ? this.tokenOf(personId) : undefined)
    })
  }
}
