/** A peer that reviews in the place of home, and says that values were erased: its followers do not believe it. */
import { expect, test } from 'vitest'
import { bytesOf } from '../../base/size.ts'
import { LIMITS } from '../../facts/limits.ts'
import type { Position, SessionOpening } from '../../facts/message.ts'
import { whoamiId } from '../../facts/whoami.ts'
import { Lineage } from '../../history/lineage.ts'
import { newEpoch } from '../../node/open.ts'
import { type PeerBatch, openProvisional } from '../../node/provisional.ts'
import { Repo } from '../../rows/repo.ts'
import { signedClaim } from '../../sync/beat.ts'
import { claimOf } from '../../sync/claim.ts'
import { PeerSession } from '../../sync/peer-session.ts'
import { TailPlan } from '../../sync/tail-plan.ts'
import { DESK_SPACE, Desk } from '../../testing/desk.ts'
import { BATCH_BOUNDS } from '../../wire/bounds.ts'
import { composeRecord, epochIn } from '../../wire/records.ts'
import { bindBytes, positionBytes } from '../../wire/signed.ts'
import { loopTo } from './loop.ts'

/** What a follower takes of a peer that continues what another one, itself in truth, has reviewed. */
async function followed(erases: boolean): Promise<{
  readonly taken: readonly string[]
  readonly caughtUp: number
}> {
  const desk = await Desk.open()
  const { clock, random, signer } = desk
  const ann = await desk.author('ann')
  await ann.follow()
  const created = ann.create('issue', { title: 'one' })
  await ann.offer(created)
  await desk.close()
  const { entityId } = created.changes[0]! // a creation has one
  const store = desk.spaces.connect().open(DESK_SPACE)
  const read = async <T>(asked: Promise<T>): Promise<T> => {
    await desk.settle()
    return asked
  }
  const genesis = JSON.parse((await read(store.meta('epoch')))!) as { readonly line: string }
  const [state] = await read(store.states([entityId], bytesOf(1_000_000)))
  const text = state?.text.ok ? state.text.value : ''
  const lineage = new Lineage([epochIn(genesis.line)])
  const { chain } = ann.batches().at(-1)!
  const home: Position = { eid: lineage.present.eid, epoch: 1, seq: 1, chain }

  const keys = await signer.generate()
  const at = async (position: Position): Promise<Position> => ({
    ...position,
    sig: await signer.sign(keys, positionBytes(DESK_SPACE, position)),
  })
  const claimed = { seq: 2, epoch: 2, why: 'claim', prev: home } as const
  const term = newEpoch({ space: DESK_SPACE, keys, clock }, claimed)
  const first = await at({ eid: term.eid, epoch: 2, seq: 2, chain: term.chain })
  const record = { kind: 'redact', seq: 3, at: clock.now(), entityId, regs: ['title'] } as const
  const redact = composeRecord(record, term.chain)
  const tail: PeerBatch[] = [{ text: term.line, seals: [], fromSeq: 2, position: first }]
  if (erases) {
    const position = await at({ ...first, seq: 3, chain: redact.chain })
    tail.push({ text: redact.line, seals: [], fromSeq: 3, position })
  }
  const states = {
    state: () => ({ entity: entityId, type: 'issue', seq: 1, text }),
    ofType: () => [],
    isAccepted: () => true,
  }
  const liar = await read(
    openProvisional(
      { space: DESK_SPACE, keys, clock, random, signer },
      { home, lineage, states, relayed: [], tail, epoch: 3 },
    ),
  )
  const reached = { home, end: tail.at(-1)!.position }
  const reviewing = { ...reached, epoch: 3, reviewerId: whoamiId(keys.publicKey) }
  const claim = await signedClaim(claimOf(DESK_SPACE, reviewing), { keys, signer })

  const repo = new Repo({
    entities: [],
    viewer: { authorId: () => undefined, isMine: () => false, volatile: () => false },
    onListenerError: (error) => {
      throw error
    },
    onTable: () => {},
  })
  const opening = await ann.opening()
  const taken: string[] = []
  let caughtUp = 0
  const session = new PeerSession({
    ...{ space: DESK_SPACE, limits: LIMITS, clock, random, claim, lineage, home: () => home },
    transport: loopTo((link, peer) => liar.connect(link, peer), clock),
    plan: new TailPlan(repo, {
      ...{ space: DESK_SPACE, bounds: BATCH_BOUNDS, findOwn: () => undefined },
    }),
    host: {
      verify: (...given) => signer.verify(...given),
      verifyHome: (bytes, sig) => signer.verify(desk.keys.publicKey, bytes, sig),
      openings: () => [opening],
      commitmentOf: () => ann.commit,
      // A simulated key is its own secret.
      prove: ({ publicKey, sessionId }: SessionOpening, nonce) =>
        signer.sign(
          { publicKey, secret: { simulated: publicKey } },
          bindBytes(DESK_SPACE, sessionId, nonce),
        ),
      flushes: () => [],
      rejectionsOf: () => [],
      taken: ({ batches }) => void taken.push(...batches.map((one) => one.text)),
      relayed: () => {},
      lied: () => {},
      caughtUp: () => void caughtUp++,
    },
  })
  await desk.settle()
  session.close()
  await read(liar.close())
  return { taken, caughtUp }
}

test('PEER13 a follower takes no erasure from a peer, whatever it has signed', async () => {
  const honest = await followed(false)
  expect(honest.caughtUp).toBe(1)
  expect(honest.taken.map((text) => text.slice(0, 8))).toEqual(['["epoch"', '["epoch"'])
  const { taken, caughtUp } = await followed(true)
  expect([taken, caughtUp]).toEqual([[], 0])
})
