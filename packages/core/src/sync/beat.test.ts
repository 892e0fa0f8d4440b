import { describe, expect, it } from 'vitest'
import { whoamiId } from '../facts/whoami.ts'
import type { KeyPair } from '../ports/signer.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import { simSigner } from '../testing/sim-signer.ts'
import { positionBytes } from '../wire/signed.ts'
import { type BeatChecks, type SaidBeat, beatText, readBeat, signedClaim } from './beat.ts'
import { type Reached, claimOf } from './claim.ts'

const SPACE = '0190a6b2-3c4d-4e5f-8a7b-0123456789ab'
const signer = simSigner({ random: new SeededRandom(1) })

interface Scene {
  readonly home: KeyPair
  readonly peer: KeyPair
  readonly reached: Reached
  readonly checks: BeatChecks
}

async function scene(): Promise<Scene> {
  const [home, peer] = [await signer.generate(), await signer.generate()]
  const unsigned = {
    ...{ eid: '0190a6b2-3c4d-8000-8000-00000000e1d1', epoch: 1, seq: 10 },
    chain: 'hn4SOkHjPw_88KfS7RnrzUhiSvANLPULYYJ3B52D7mg',
  }
  const sig = await signer.sign(home, positionBytes(SPACE, unsigned))
  const at = { ...unsigned, sig }
  const verifyHome: BeatChecks['verifyHome'] = (bytes, of) =>
    signer.verify(home.publicKey, bytes, of)
  return {
    home,
    peer,
    reached: { home: at, end: at },
    checks: { space: SPACE, signer, verifyHome },
  }
}

async function said({ peer, reached }: Scene, more: Partial<SaidBeat> = {}): Promise<string> {
  const beat = { no: 3, mayReview: true, reached, claim: undefined, ...more }
  return beatText(SPACE, beat, { keys: peer, signer })
}

describe('a beat', () => {
  it('PEER4 is read as it was said, with its claim', async () => {
    const given = await scene()
    const { peer, reached, checks } = given
    const reviewerId = whoamiId(peer.publicKey)
    const term = claimOf(SPACE, { ...reached, epoch: 2, reviewerId })
    const claim = await signedClaim(term, { keys: peer, signer })
    const read = await readBeat(await said(given, { claim }), checks)
    expect(read?.claim).toEqual(claim)
    expect(read?.beat).toEqual({ id: reviewerId, no: 3, mayReview: true, reached, claim })
  })

  it('PEER4 of a peer that has never met home has no position', async () => {
    const given = await scene()
    const read = await readBeat(await said(given, { reached: undefined }), given.checks)
    expect(read?.beat.reached).toBeUndefined()
  })

  it('PEER4 counts for nothing where one of its signatures is wrong', async () => {
    const given = await scene()
    const { peer, reached, checks, home } = given
    const text = await said(given)
    const further = { ...reached.home, seq: 11 }
    const term = claimOf(SPACE, { ...reached, epoch: 2, reviewerId: whoamiId(peer.publicKey) })
    const claim = await signedClaim(term, { keys: peer, signer })
    const { sig } = await signedClaim(term, { keys: home, signer })
    const wrong = [
      text.replace('["beat",2,', '["beat",3,'),
      text.replace(/,3,1,/, ',4,1,'),
      await said(given, { reached: { home: further, end: further } }),
      await said(given, { claim: { ...claim, sig } }),
      await said(given, { claim: { ...claim, epoch: 3 } }),
      await said(given, { claim: { ...claim, home: further } }),
      `${text} `,
      '["beat"]',
      'x'.repeat(5_000),
    ]
    expect(await readBeat(text, checks)).toBeDefined()
    for (const one of wrong) expect(await readBeat(one, checks), one).toBeUndefined()
    expect(await readBeat(text, { ...checks, space: whoamiId('x') })).toBeUndefined()
  })
})
