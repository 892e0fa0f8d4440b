/**
 * The text of a beat, which peers say to each other, and who has signed it:
 *
 *   ["beat", v, space, key, no, may review, home, end, claim, sig]      home, end: positions, or null
 *   claim: [epoch, key, home, end, sig], or null
 *
 * Each opening of a store makes a key for its beats alone, so a beat reveals neither author nor person.
 */
import { bytesOfHash, hashBytes } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { Outcome } from '../base/outcome.ts'
import { isLongerThan } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import { longId, shortId } from '../facts/ids.ts'
import { parseLine } from '../facts/line.ts'
import { countOf, listOf, outcomeOf, refuse, textOf } from '../facts/malformed.ts'
import { type Position, WIRE_VERSION } from '../facts/message.ts'
import { whoamiId } from '../facts/whoami.ts'
import { SAID_BYTES_MAX } from '../ports/peers.ts'
import type { KeyPair, Signer } from '../ports/signer.ts'
import { positionJson, readPosition } from '../wire/frames.ts'
import { positionBytes } from '../wire/signed.ts'
import { type Claim, type Reached, claimOf } from './claim.ts'
import type { Beat } from './election.ts'

const KEY_CHARACTERS_MAX = 64

/** A claim with the key and the signature of its reviewer. */
export interface SignedClaim extends Claim {
  readonly key: string
  readonly sig: string
}

/** A beat as it is said. */
export interface SaidBeat extends Omit<Beat, 'id' | 'claim'> {
  readonly claim: SignedClaim | undefined
}

/** Signs a claim of the holder of these keys. */
export async function signedClaim(
  claim: Claim,
  { keys, signer }: { readonly keys: KeyPair; readonly signer: Signer },
): Promise<SignedClaim> {
  const sig = await signer.sign(keys, bytesOfHash(claim.hash))
  return { ...claim, key: keys.publicKey, sig }
}

/** The text of a beat, signed. */
export async function beatText(
  space: Uuid,
  { no, mayReview, reached, claim }: SaidBeat,
  { keys, signer }: { readonly keys: KeyPair; readonly signer: Signer },
): Promise<string> {
  const may = mayReview ? 1 : 0
  const said = [...reachedJson(reached), claim ? claimJson(claim) : null]
  const body = ['beat', WIRE_VERSION, shortId(space), keys.publicKey, no, may, ...said]
  return JSON.stringify([...body, await signer.sign(keys, hashBytes('cs/beat', body))])
}

function reachedJson(reached: Reached | undefined): Json[] {
  return reached ? [positionJson(reached.home), positionJson(reached.end)] : [null, null]
}

function claimJson({ epoch, key, home, end, sig }: SignedClaim): Json {
  return [epoch, key, positionJson(home), positionJson(end), sig]
}

/** What is needed to check what others say. */
export interface BeatChecks {
  readonly space: Uuid
  readonly signer: Signer
  /** Whether the home reviewer has signed that. */
  readonly verifyHome: (bytes: Uint8Array, sig: string) => Promise<boolean>
}

/**
 * A beat of another peer, with its claim; undefined where one of its signatures is wrong: its own, that
 * of the claim, or that of the home reviewer under a position.
 */
export async function readBeat(text: string, checks: BeatChecks): Promise<ReadBeat | undefined> {
  if (isLongerThan(text, SAID_BYTES_MAX)) return undefined
  const read = parseBeat(text, checks.space)
  if (!read.ok) return undefined
  const { key, bytes, sig, beat, claim } = read.value
  const { signer } = checks
  if (!(await signer.verify(key, bytes, sig))) return undefined
  if (beat.reached && !(await isOfHome(beat.reached.home, checks))) return undefined
  if (!claim) return { beat, claim }
  const isSigned = await signer.verify(claim.key, bytesOfHash(claim.hash), claim.sig)
  return isSigned && (await isOfHome(claim.home, checks)) ? { beat, claim } : undefined
}

/** A beat that was checked. */
export interface ReadBeat {
  readonly beat: Beat
  readonly claim: SignedClaim | undefined
}

async function isOfHome(
  home: Position,
  { space, verifyHome }: Pick<BeatChecks, 'space' | 'verifyHome'>,
): Promise<boolean> {
  return verifyHome(positionBytes(space, home), home.sig ?? '')
}

interface ParsedBeat extends ReadBeat {
  readonly key: string
  /** What `sig` has signed. */
  readonly bytes: Uint8Array
  readonly sig: string
}

/** Parses an untrusted text. Errors: `invalid`, `too_large`. */
function parseBeat(text: string, space: Uuid): Outcome<ParsedBeat> {
  return outcomeOf(() => {
    const list = listOf(parseLine(text, 'beat'), 'beat', { min: 10, max: 10 })
    if (list[0] !== 'beat' || list[1] !== WIRE_VERSION) refuse('beat: of another version')
    if (longId(list[2], 'beat') !== space) refuse('beat: of another space')
    const key = keyOf(list[3])
    const no = countOf(list[4], 'beat', 1)
    const may = countOf(list[5], 'beat')
    const reached =
      list[6] === null ? undefined : { home: positionOf(list[6]), end: positionOf(list[7]) }
    const claim = list[8] === null ? undefined : claimIn(list[8], space)
    const bytes = hashBytes('cs/beat', list.slice(0, 9) as Json)
    const beat = { id: whoamiId(key), no, mayReview: may === 1, reached, claim }
    return { key, bytes, sig: textOf(list[9], 'beat'), beat, claim }
  })
}

function claimIn(value: unknown, space: Uuid): SignedClaim {
  const list = listOf(value, 'claim', { min: 5, max: 5 })
  const epoch = countOf(list[0], 'claim', 1)
  const key = keyOf(list[1])
  const [home, end] = [positionOf(list[2]), positionOf(list[3])]
  if (epoch <= Math.max(home.epoch, end.epoch)) refuse('claim: not above what it continues')
  const claim = claimOf(space, { epoch, reviewerId: whoamiId(key), home, end })
  return { ...claim, key, sig: textOf(list[4], 'claim') }
}

function keyOf(value: unknown): string {
  const key = textOf(value, 'key')
  return key.length <= KEY_CHARACTERS_MAX ? key : refuse('key: too long')
}

function positionOf(value: unknown): Position {
  return readPosition(value) ?? refuse('beat: a position is expected')
}
