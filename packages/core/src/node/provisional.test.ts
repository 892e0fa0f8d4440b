/** A peer that reviews while home is away: what it continues, what it takes, and what it leaves to home. */
import { describe, expect, test } from 'vitest'
import { bytesOf } from '../base/size.ts'
import { CAPABILITIES } from '../facts/capabilities.ts'
import { Lineage } from '../history/lineage.ts'
import type { Position } from '../facts/message.ts'
import type { StateText } from '../ports/space-store.ts'
import { DESK_SPACE, Desk, type HandAuthor } from '../testing/desk.ts'
import { authorFrame } from '../wire/frames.ts'
import { epochIn } from '../wire/records.ts'
import type { Reviewer } from './api.ts'
import { type HomeStates, openProvisional } from './provisional.ts'

/** Home with two rows of Ann, and a peer that goes on after it. */
async function homeAway(): Promise<{
  readonly desk: Desk
  readonly ann: HandAuthor
  readonly first: ReturnType<HandAuthor['create']>
  readonly home: Position
  readonly peer: Reviewer
}> {
  const desk = await Desk.open()
  const ann = await desk.author('ann')
  await ann.follow()
  const first = ann.create('issue', { title: 'one' })
  await ann.offer(first, ann.create('issue', { title: 'two' }))
  await desk.close()
  const store = desk.spaces.connect().open(DESK_SPACE)
  const read = async <T>(asked: Promise<T>): Promise<T> => {
    await desk.settle()
    return asked
  }
  const head = await read(store.head())
  const genesis = JSON.parse((await read(store.meta('epoch')))!) as { readonly line: string }
  const ids = first.changes.map(({ entityId }) => entityId)
  const states = new Map<string, StateText>()
  for (const state of await read(store.states(ids, bytesOf(1_000_000))))
    if (state?.text.ok) states.set(state.entity, { ...state, text: state.text.value })
  const ofHome: HomeStates = {
    state: (entity) => states.get(entity),
    ofType: (type) => [...states.values()].filter((state) => state.type === type),
    isAccepted: (sessionId, clientSeq) => sessionId === ann.sessionId && clientSeq <= 2,
  }
  const lineage = new Lineage([epochIn(genesis.line)])
  const { eid, chain } = lineage.present
  const home = { eid, epoch: 1, seq: head.seq, chain: ann.batches().at(-1)?.chain ?? chain }
  const { clock, random, signer } = desk
  const keys = await signer.generate()
  const opening = openProvisional(
    { space: DESK_SPACE, keys, clock, random, signer, capabilities: () => CAPABILITIES },
    { home, lineage, states: ofHome, relayed: [], tail: [], epoch: 2 },
  )
  await desk.settle()
  const peer = await opening
  desk.use(peer)
  return { desk, ann, first, home, peer }
}

describe('a provisional reviewer', () => {
  test('PEER9 opens an epoch of its own behind the position of home, and goes on there', async () => {
    const { desk, ann, first, home, peer } = await homeAway()
    expect(peer.state).toMatchObject({ epoch: 2, seq: home.seq + 1 })
    await ann.connect()
    const edit = ann.change([first], { title: 'by a peer' })
    await ann.offer(edit)
    expect(ann.verdict(edit)).toBe('accepted')
    expect(peer.state.seq).toBe(home.seq + 2)
    await desk.close()
  })

  test('PEER8 has no verdict on what home has one on, and says so', async () => {
    const { desk, ann, first } = await homeAway()
    await ann.connect()
    await ann.offer(first)
    const last = ann.heard.at(-1)
    expect(last).toMatchObject({ kind: 'nack', reason: 'unavailable', alone: true })
    await desk.close()
  })

  test('PEER8 binds a session by its commitment alone, and home does not', async () => {
    const { desk, ann } = await homeAway()
    const bound = (): unknown => ann.heard.findLast(({ kind }) => kind === 'bound')
    const bind = async (): Promise<void> => {
      ann.greet()
      await desk.settle()
      const { personalId: _, ...opening } = await ann.opening()
      await ann.bind({ ...opening, personalId: '', salt: ann.commit })
    }
    await bind()
    expect(bound()).toMatchObject({ sessionIds: [ann.sessionId] })
    await desk.close()
    await desk.restart()
    ann.heard.length = 0
    await bind()
    expect(bound()).toMatchObject({ sessionIds: [] })
    await desk.close()
  })

  test('PEER13 erases nothing, for whoever asks', async () => {
    const { desk, ann, first, peer } = await homeAway()
    await ann.connect()
    const { entityId } = first.changes[0]! // a creation has one
    const { seq } = peer.state
    ann.send(authorFrame('erase', { entityId, regs: null }))
    await desk.settle()
    expect(ann.heard.at(-1)).toMatchObject({
      ...{ kind: 'erased', seq: 0, why: 'only the home reviewer erases values' },
    })
    expect(await peer.eraseValues(entityId)).toMatchObject({ error: { code: 'unauthorised' } })
    expect(peer.state.seq).toBe(seq)
    await desk.close()
  })

  test('PEER10 ends the link of a follower that is further behind than its batches', async () => {
    const { desk, ann } = await homeAway()
    await ann.connect()
    ann.send(authorFrame('want', { have: null, pages: null }))
    await desk.settle()
    expect(ann.heard.at(-1)).toMatchObject({ kind: 'bye' })
    expect(ann.heard.some(({ kind }) => kind === 'page')).toBe(false)
    await desk.close()
  })
})
