/** Whom a store follows, and whose signatures it believes, by the records of epochs alone. */
import { describe, expect, test } from 'vitest'
import { checksum } from '../../base/checksum.ts'
import { whoamiId } from '../../facts/whoami.ts'
import type { EpochOpen } from '../../facts/message.ts'
import type { Greeting } from '../../sync/session-host.ts'
import type { KeyPair } from '../../ports/signer.ts'
import type { StoredState, WriteBatch } from '../../ports/storage.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { simSigner } from '../../testing/sim-signer.ts'
import { epochIdentity, positionBytes, welcomeBytes } from '../../wire/signed.ts'
import type { Disk } from '../disk/disk.ts'
import { Trust } from './trust.ts'

const SPACE = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10'
const OTHER_SPACE = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a11'
const random = new SeededRandom(3)
const signer = simSigner({ random })
const HOME = await signer.generate()
const OTHER = await signer.generate()
const BYTES = new Uint8Array(32)

async function epochOf(keys: KeyPair, more: Partial<EpochOpen> = {}): Promise<EpochOpen> {
  const body = {
    v: 2,
    space: SPACE,
    reviewerId: whoamiId(keys.publicKey),
    epoch: 1,
    seq: 0,
    prev: null,
    reviewerKey: keys.publicKey,
    why: 'genesis',
    at: 1_000,
    ...more,
  } as const
  const identity = epochIdentity(body)
  const opened = { ...identity, epoch: body.epoch, seq: 0 }
  return { ...body, ...identity, sig: await signer.sign(keys, positionBytes(body.space, opened)) }
}

/** A greeting with that record, signed by whose key the record has. */
async function greetingWith(
  epoch: EpochOpen,
  more: Partial<Omit<Greeting, 'sig'>> = {},
): Promise<Greeting> {
  const { eid, chain } = epoch
  const greeting = {
    lineage: [epoch],
    position: { eid, epoch: epoch.epoch, seq: 3, chain },
    nonces: ['of the author', 'of the reviewer'],
    at: 5_000,
    ...more,
  } as const
  const keys = [HOME, OTHER].find(({ publicKey }) => publicKey === epoch.reviewerKey) ?? HOME
  return { ...greeting, sig: await signer.sign(keys, welcomeBytes(SPACE, greeting)) }
}

const greetingOf = async (keys: KeyPair): Promise<Greeting> => greetingWith(await epochOf(keys))

/** Trust with what it has written so far. */
function trustWith(pinned?: string): {
  readonly trust: Trust
  readonly written: Map<string, unknown>
} {
  const written = new Map<string, unknown>()
  const write = async ({ meta = [] }: WriteBatch): Promise<boolean> => {
    for (const [key, value] of meta) written.set(key, value)
    return true
  }
  const disk = { write } as unknown as Disk
  return { trust: new Trust({ space: SPACE, signer, disk, pinned }), written }
}

function stateWith(meta: Iterable<readonly [string, unknown]>): StoredState {
  return {
    segments: [],
    outbox: [],
    meta: new Map(meta),
    advance: undefined,
    checkpoint: undefined,
  }
}

const believes = async (trust: Trust, keys: KeyPair): Promise<boolean> =>
  trust.verify(BYTES, await signer.sign(keys, BYTES))

describe('EPO4: whom a store follows', () => {
  test('nobody, before it has met a reviewer: no signature is believed', async () => {
    const { trust } = trustWith()
    expect([await believes(trust, HOME), await trust.verify(BYTES, '')]).toEqual([false, false])
  })

  test('the first that it meets, from then on, and after a restart', async () => {
    const { trust, written } = trustWith()
    expect(await trust.judge(await greetingOf(HOME))).toBeUndefined()
    expect([await believes(trust, HOME), await believes(trust, OTHER)]).toEqual([true, false])
    expect(await trust.judge(await greetingOf(OTHER))).toMatchObject({ refusal: 'other_reviewer' })
    expect([await believes(trust, HOME), await believes(trust, OTHER)]).toEqual([true, false])
    const again = trustWith().trust
    expect(again.restore(stateWith(written))).toEqual({ isOther: false })
    expect([await believes(again, HOME), await believes(again, OTHER)]).toEqual([true, false])
  })

  test('the one whose key the app gave, whoever was met before, and whoever answers', async () => {
    const { trust, written } = trustWith(HOME.publicKey)
    expect(await believes(trust, HOME)).toBe(true)
    expect(await trust.judge(await greetingOf(OTHER))).toMatchObject({ refusal: 'other_reviewer' })
    expect([...written]).toEqual([])
    const met = stateWith([
      ['reviewerKey', OTHER.publicKey],
      ['reviewerKey:check', checksum(OTHER.publicKey)],
    ])
    expect(trust.restore(met)).toEqual({ isOther: false })
    expect([await believes(trust, HOME), await believes(trust, OTHER)]).toEqual([true, false])
  })

  test('the one that is stored, if another was met before the storage could tell', async () => {
    const { trust } = trustWith()
    await trust.judge(await greetingOf(OTHER))
    const stored = stateWith([
      ['reviewerKey', HOME.publicKey],
      ['reviewerKey:check', checksum(HOME.publicKey)],
    ])
    expect(trust.restore(stored)).toEqual({ isOther: true })
    expect([await believes(trust, HOME), await believes(trust, OTHER)]).toEqual([true, false])
  })

  test('a stored key that is damaged is followed by nobody, and reported', async () => {
    const { trust } = trustWith()
    const stored = stateWith([
      ['reviewerKey', OTHER.publicKey],
      ['reviewerKey:check', checksum(HOME.publicKey)],
    ])
    expect(trust.restore(stored)).toMatchObject({ damaged: { kind: 'identity' }, isOther: false })
    expect(await believes(trust, OTHER)).toBe(false)
  })

  test('the next one, once it is told to forget', async () => {
    const { trust, written } = trustWith()
    await trust.judge(await greetingOf(HOME))
    await trust.forget()
    expect(await believes(trust, HOME)).toBe(false)
    expect([...written.values()]).toEqual([null, null])
    expect(await trust.judge(await greetingOf(OTHER))).toBeUndefined()
    expect(await believes(trust, OTHER)).toBe(true)
  })
})

describe('EPO6: who has not signed a greeting for this link is not remembered', () => {
  test.each<[string, (greeting: Greeting) => Promise<Greeting> | Greeting]>([
    ['no signature', (greeting) => ({ ...greeting, sig: '' })],
    [
      'the signature of another key',
      async (greeting) => ({
        ...greeting,
        sig: await signer.sign(OTHER, welcomeBytes(SPACE, greeting)),
      }),
    ],
    ['a nonce of another link', (greeting) => ({ ...greeting, nonces: ['of another', 'x'] })],
    ['another clock', (greeting) => ({ ...greeting, at: 6_000 })],
    ['another seq', (greeting) => ({ ...greeting, position: { ...greeting.position, seq: 4 } })],
    [
      'a position of another epoch, though it is signed',
      async ({ lineage, position }) =>
        greetingWith(lineage[0]!, { position: { ...position, epoch: 2 } }),
    ],
  ])('%s', async (_, forge) => {
    const { trust, written } = trustWith()
    const fault = await trust.judge(await forge(await greetingOf(HOME)))
    expect([fault?.refusal, ...written]).toEqual(['forged'])
    expect(await believes(trust, HOME)).toBe(false)
    // It takes nobody's place: the next one that signs is followed.
    expect(await trust.judge(await greetingOf(OTHER))).toBeUndefined()
    expect([written.get('reviewerKey'), await believes(trust, OTHER)]).toEqual([
      OTHER.publicKey,
      true,
    ])
  })

  test('one that the storage does not know, if it tells while the greeting is checked', async () => {
    const { trust, written } = trustWith()
    const judged = trust.judge(await greetingOf(OTHER))
    const stored = stateWith([
      ['reviewerKey', HOME.publicKey],
      ['reviewerKey:check', checksum(HOME.publicKey)],
    ])
    trust.restore(stored)
    expect(await judged).toMatchObject({ refusal: 'other_reviewer' })
    expect([...written, await believes(trust, OTHER)]).toEqual([false])
  })
})

describe('EPO1, EPO2, EPO3: a record that is not what it says is not followed, nor remembered', () => {
  test.each<[string, (epoch: EpochOpen) => Promise<EpochOpen> | EpochOpen]>([
    ['another id', (epoch) => ({ ...epoch, eid: epoch.reviewerId })],
    ['another chain', (epoch) => ({ ...epoch, chain: 'A'.repeat(43) })],
    ['another time', (epoch) => ({ ...epoch, at: 2_000 })],
    ['another number', (epoch) => ({ ...epoch, epoch: 2 })],
    ['another reason', (epoch) => ({ ...epoch, why: 'restore' })],
    ['a reviewer before it', (epoch) => ({ ...epoch, prev: { ...epoch, seq: 7 } })],
    ['the key of another', (epoch) => ({ ...epoch, reviewerKey: OTHER.publicKey })],
    ['the id of another', () => epochOf(HOME, { reviewerId: whoamiId(OTHER.publicKey) })],
    ['no signature', (epoch) => ({ ...epoch, sig: '' })],
    [
      'the signature of another record',
      async (epoch) => ({
        ...epoch,
        sig: (await epochOf(HOME, { at: 2_000 })).sig,
      }),
    ],
    [
      'the signature of another key',
      async (epoch) => {
        const opened = { ...epoch, seq: 0 }
        return { ...epoch, sig: await signer.sign(OTHER, positionBytes(SPACE, opened)) }
      },
    ],
    [
      'the signature of a later position',
      async (epoch) => {
        const later = { ...epoch, seq: 1 }
        return { ...epoch, sig: await signer.sign(HOME, positionBytes(SPACE, later)) }
      },
    ],
    [
      'a signature for another space',
      async (epoch) => {
        const opened = { ...epoch, seq: 0 }
        return { ...epoch, sig: await signer.sign(HOME, positionBytes(OTHER_SPACE, opened)) }
      },
    ],
  ])('%s', async (_, forge) => {
    const { trust, written } = trustWith()
    const fault = await trust.judge(await greetingWith(await forge(await epochOf(HOME))))
    expect(fault).toMatchObject({ refusal: 'other_reviewer' })
    expect([...written, await believes(trust, HOME), await believes(trust, OTHER)]).toEqual([
      false,
      false,
    ])
  })

  test('of another space', async () => {
    const { trust, written } = trustWith(HOME.publicKey)
    const fault = await trust.judge(await greetingWith(await epochOf(HOME, { space: OTHER_SPACE })))
    expect([fault?.refusal, ...written]).toEqual(['wrong_space'])
  })
})
