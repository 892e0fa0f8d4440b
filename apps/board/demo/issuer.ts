/**
 * The login service of the demo: gives a token to whoever asks for one of its persons, without a
 * password. The tokens are JSON Web Tokens with an end, signed with a key that is made at the start; the
 * reviewer gets its public half.
 */
import { generateKeyPairSync, sign } from 'node:crypto'
import type { Server } from 'node:http'
import { isPersonId } from '../src/model/persons.ts'
import { answerPosts } from './posts.ts'

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

  /** Answers `POST /login/<person>` with a token. */
  serve(http: Server): void {
    answerPosts(http, path, (id) => (isPersonId(id) ? this.tokenOf(id) : undefined))
  }
}
