/**
 * Logins by JSON Web Tokens of an issuer, verified with `jose`. The token is verified in this process;
 * only the keys are requested from the issuer.
 */
import type { Authenticate } from '@countersign/core/reviewer'
import { createLocalJWKSet, createRemoteJWKSet, errors, jwtVerify } from 'jose'
import type {
  CryptoKey,
  JSONWebKeySet,
  JWK,
  JWTPayload,
  JWTVerifyGetKey,
  JWTVerifyOptions,
  KeyObject,
} from 'jose'

interface JwtRules {
  /** The required issuer of the token (`iss`), exactly. */
  readonly issuer: string | readonly string[]
  /**
   * The required audience (`aud`): this app. A token for another app of the same issuer is refused.
   */
  readonly audience: string | readonly string[]
  /** The personal id, the same for one person on each device: mostly `claims.sub`. */
  readonly personalId: (claims: JWTPayload) => string | undefined
  /** Algorithms of signatures. Default: the asymmetric ones; with a secret, HS256, HS384 and HS512. */
  readonly algorithms?: readonly string[]
  /** Maximum difference of the clocks, in seconds. Default: 5. */
  readonly clockToleranceS?: number
}

/** The keys of the issuer: those of its JWKS document, or the set itself; fetched again when a key is unknown. */
export interface JwksOptions extends JwtRules {
  readonly jwks: string | URL | JSONWebKeySet
  readonly key?: undefined
}

/** One key of the issuer: public, or a secret that it shares with this reviewer. */
export interface KeyOptions extends JwtRules {
  readonly key: CryptoKey | KeyObject | JWK | Uint8Array
  readonly jwks?: undefined
}

const ASYMMETRIC = ['EdDSA', 'Ed25519', 'ES256', 'ES384', 'ES512'].concat(
  ['RS', 'PS'].flatMap((kind) => [256, 384, 512].map((bits) => `${kind}${bits}`)),
)
const SECRET = ['HS256', 'HS384', 'HS512']
const CLOCK_TOLERANCE_S = 5

/**
 * Accepts tokens of one issuer for one audience that have an end. The sender of a refused token
 * gets a sentence. If the issuer's keys cannot be fetched, no token is refused, and the client
 * retries.
 * @throws Error for a JWKS address that is neither https nor on this machine.
 */
export function jwt(options: JwksOptions | KeyOptions): Authenticate {
  const { issuer, audience, personalId, clockToleranceS = CLOCK_TOLERANCE_S } = options
  const verified = verifierOf(options, {
    issuer: [issuer].flat(),
    audience: [audience].flat(),
    algorithms: [...(options.algorithms ?? (isSecret(options.key) ? SECRET : ASYMMETRIC))],
    clockTolerance: clockToleranceS,
    requiredClaims: ['exp'],
  })
  return async (auth) => {
    if (auth === undefined) return 'no token was sent: sign in'
    let claims
    try {
      claims = await verified(auth)
    } catch (error) {
      const why = refusalOf(error)
      if (why === undefined) throw error
      return why
    }
    const id = personalId(claims)
    if (typeof id !== 'string' || id === '') return 'the token names no person'
    // Its presence was verified.
    return { personalId: id, claims, expiresAt: (claims.exp! + clockToleranceS) * 1_000 }
  }
}

type Verify = (token: string) => Promise<JWTPayload>

function verifierOf(options: JwksOptions | KeyOptions, rules: JWTVerifyOptions): Verify {
  if (options.key !== undefined) {
    const { key } = options
    return async (token) => (await jwtVerify(token, key, rules)).payload
  }
  const keys = keySet(options.jwks)
  return async (token) => (await jwtVerify(token, keys, rules)).payload
}

function keySet(jwks: string | URL | JSONWebKeySet): JWTVerifyGetKey {
  if (typeof jwks !== 'string' && !(jwks instanceof URL)) return createLocalJWKSet(jwks)
  const url = new URL(jwks)
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url.protocol !== 'https:' && !isHere)
    throw new Error(`the keys of an issuer are fetched by https, not from ${url.origin}`)
  return createRemoteJWKSet(url)
}

function isSecret(key: KeyOptions['key'] | undefined): boolean {
  if (key instanceof Uint8Array) return true
  const { kty, type } = Object(key) as { readonly kty?: unknown; readonly type?: unknown }
  return kty === 'oct' || type === 'secret'
}

/** Why a token is refused, for its sender; undefined where the token is not to blame. */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof errors.JWTExpired) return 'the token has expired'
  if (error instanceof errors.JWTClaimValidationFailed)
    return `the token is refused for its claim ${JSON.stringify(error.claim)}`
  if (error instanceof errors.JOSEAlgNotAllowed) return 'the token is signed in another way'
  const isForeign =
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  if (isForeign) return 'the token is not signed by its issuer'
  const isMalformed =
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JOSENotSupported
  return isMalformed ? 'the token is no JWT' : undefined
}
