/** One batch that is brought to the reviewer, and what becomes of the request. */
import { expect, test } from 'vitest'
import { LIMITS } from '../facts/limits.ts'
import { parseAuthorFrame } from '../wire/frames.ts'
import { BringRequests, type BroughtBatch } from './bring-requests.ts'

const CHAIN = 'kvu-9CG-S7tqdkaQSu0Oia36yicciAbDVPxYXUSQ6aw'
const EID = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10'
const batch: BroughtBatch = {
  text: '["batch"]\n0',
  seals: [{ publicKey: 'key', seal: 'seal' }],
  from: { seq: 900, chain: CHAIN },
  position: { eid: EID, epoch: 7, seq: 901, chain: CHAIN },
}
const back = { kind: 'back', texts: '', seq: 901 } as const

function requests(limits = LIMITS) {
  const sent: string[] = []
  const made = new BringRequests(limits)
  const ask = (nowMs = 0) => made.ask(batch, { nowMs, send: (frame) => sent.push(frame) })
  return { made, sent, ask }
}

test('PEER14 a batch goes with its seals, and the answer says whether all of it has a verdict', async () => {
  const { made, sent, ask } = requests()
  const first = ask()
  expect(parseAuthorFrame(sent[0]!)).toMatchObject({
    value: { kind: 'held', batches: [2], seals: batch.seals, from: batch.from, texts: batch.text },
  })
  made.heard({ ...back, seq: 17, why: null }) // of another one
  made.heard({ ...back, why: null })
  expect(await first).toBe('judged')
  const second = ask()
  made.heard({ ...back, why: 'not_bound' })
  expect(await second).toBe('not_bound')
  made.heard({ ...back, why: null }) // nothing was asked
})

test('PEER14 one is under way at a time, until the answer, the end of the link, or 30 s', async () => {
  const { made, sent, ask } = requests()
  const first = ask()
  await expect(ask()).rejects.toMatchObject({ code: 'unavailable' })
  made.tick(29_999)
  made.lost()
  await expect(first).rejects.toThrow('the link was lost')
  const late = ask(30_000)
  made.tick(59_999)
  made.tick(60_000)
  await expect(late).rejects.toThrow('does not answer')
  expect(sent).toHaveLength(2)
})

test('PEER14 a batch that exceeds a frame is not sent', async () => {
  const { sent, ask } = requests({ ...LIMITS, authorFrameBytesMax: 100 })
  expect(await ask()).toBe('too_large')
  expect(sent).toEqual([])
})
