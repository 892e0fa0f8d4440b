/** Whom a store follows, and whose signatures it believes, by the records of epochs alone. */
import { describe, expect, test } from 'vitest'
import { checksum } from '../../base/checksum.ts'
import { whoamiId } from '../../facts/whoami.ts'
import { type Epoch, type EpochRecord, epochOf } from '../../wire/records.ts'
import type { Greeting } from '../../sync/session-host.ts'
import type { KeyPair } from '../../ports/signer.ts'
import type { StoredState, WriteBatch } from '../../ports/storage.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { simSigner } from '../../testing/sim-signer.ts'
import { welcomeBytes } from '../../wire/signed.ts'
import type { Disk } from '../disk/disk.ts'
import { Trust } from './trust.ts'

const SPACE = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10'
const OTHER_SPACE = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a11'
const random = new SeededRandom(3)
const signer = simSigner({ random })
const HOME = await signer.generate()
const OTHER = await signer.generate()
const BYTES = new Uint8Array(32)

function recordOf(keys: KeyPair, more: Partial<EpochRecord> = {}): EpochRecord {
  return {
    kind: 'epoch',
    space: SPACE,
    reviewerId: whoamiId(keys.publicKey),
    epoch: 1,
    seq: 0,
    prev: null,
    reviewerKey: keys.publicKey,
    why: 'genesis',
    at: 1_000,
    ...more,
  }
}

const opened = (keys: KeyPair, more: Partial<EpochRecord> = {}): Epoch =>
  epochOf(recordOf(keys, more))

/** A greeting with that record, signed by whose key the record has. */
async function greetingWith(
  epoch: Epoch,
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

const greetingOf = async (keys: KeyPair): Promise<Greeting> => greetingWith(opened(keys))

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
  return { trust: new Trust({ space: SPACE, signer, disk, reviewerKey: pinned }), written }
}

function stateWith(meta: Iterable<readonly [string, unknown]>): StoredState {
  return {
    segments: [],
    outbox: [],
    settled: new Map(),
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

describe('EPO1, EPO2, EPO3: a lineage that is not what it says is not followed, nor remembered', () => {
  const genesis = opened(HOME)
  const { eid, epoch, chain } = genesis
  const prev = { eid, epoch, seq: 0, chain }
  const next = opened(HOME, { epoch: 2, seq: 1, why: 'restore', prev })

  test.each<[string, readonly Epoch[]]>([
    ['the key of another', [opened(HOME, { reviewerKey: OTHER.publicKey })]],
    ['the id of another', [opened(HOME, { reviewerId: whoamiId(OTHER.publicKey) })]],
    ['an epoch that the next one does not continue', [opened(HOME, { at: 2_000 }), next]],
    ['one epoch twice', [genesis, genesis]],
    ['the epochs in another order', [next, genesis]],
    ['one before it of another space', [opened(HOME, { space: OTHER_SPACE }), next]],
  ])('%s', async (_, lineage) => {
    const { trust, written } = trustWith()
    const fault = await trust.judge(await greetingWith(lineage.at(-1)!, { lineage }))
    expect(fault).toMatchObject({ refusal: 'other_reviewer' })
    expect([...written, await believes(trust, HOME), await believes(trust, OTHER)]).toEqual([
      false,
      false,
    ])
  })

  test('the epochs as they continue each other are followed', async () => {
    const { trust } = trustWith(HOME.publicKey)
    const lineage = [genesis, next]
    expect(await trust.judge(await greetingWith(next, { lineage }))).toBeUndefined()
  })

  test('of another space', async () => {
    const { trust, written } = trustWith(HOME.publicKey)
    const fault = await trust.judge(await greetingWith(opened(HOME, { space: OTHER_SPACE })))
    expect([fault?.refusal, ...written]).toEqual(['wrong_space'])
  })
})
