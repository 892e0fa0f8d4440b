/** Two messages with one number, both signed: refused, and kept so that anybody can check it. */
import { expect, test } from 'vitest'
import { flushHashes, sealBytes, sessionHash } from '../facts/hashes.ts'
import { readSession } from '../facts/session-line.ts'
import type { EquivocationProof } from './evidence.ts'
import { Desk, type HandAuthor, type HandMessage } from '../testing/desk.ts'

const issue = (author: HandAuthor, title: string, clientSeq?: number): HandMessage =>
  author.message(
    [{ type: 'issue', id: author.ids.next(), kind: 'create', values: { title } }],
    clientSeq === undefined ? {} : { clientSeq },
  )

const reported = (desk: Desk): readonly unknown[] =>
  desk.events.filter(({ type }) => type === 'equivocation')

async function kept(desk: Desk): Promise<readonly EquivocationProof[]> {
  const read = desk.reviewer.evidence()
  await desk.settle()
  return read
}

test('EQV1 the later message is refused, and its flush is kept with its seal, once a session', async () => {
  const desk = await Desk.open()
  const ann = await desk.author('ann')
  const first = issue(ann, 'to you')
  await ann.offer(first)
  const others = [issue(ann, 'to others', first.clientSeq), issue(ann, 'again', first.clientSeq)]
  for (const other of others) await ann.offer(other)
  expect(others.map((each) => ann.verdict(each))).toEqual(['seq_reused', 'seq_reused'])
  expect(desk.reviewer.state).toMatchObject({ accepted: 1, healthy: true })
  const { authorId, sessionId } = ann
  const about = { authorId, sessionId, clientSeq: first.clientSeq, acceptedSeq: 1 }
  expect(reported(desk)).toEqual([{ type: 'equivocation', ...about }])
  const [proof, ...more] = await kept(desk)
  expect(more).toEqual([])
  expect(proof).toMatchObject({ ...about, msgId: others[0]!.id })
  // It needs nobody's word: the texts have these hashes, which the author's key has signed.
  const [sessionText = '', head = '', ...lines] = proof!.texts
  const session = readSession(sessionText)
  expect(session.ok && session.value.facts).toMatchObject({ sessionId, authorId })
  const { flush } = others[0]!
  expect({ head, lines }).toEqual(flush.text)
  const hashes = flushHashes(sessionHash(sessionText), flush.text)
  expect(proof!.hashes).toEqual([hashes.head, ...hashes.lines])
  expect(await desk.signer.verify(proof!.publicKey, sealBytes(hashes), proof!.seal)).toBe(true)
})

test('EQV1 two in one commit, the same message again, and one beside a refused one', async () => {
  const desk = await Desk.open({ limits: { messageBytesMax: 1_000 } })
  const [ann, bob] = [await desk.author('ann'), await desk.author('bob')]
  const first = issue(ann, 'a')
  await ann.offer(first, issue(ann, 'b', first.clientSeq))
  await ann.offer(first)
  expect(reported(desk)).toMatchObject([{ sessionId: ann.sessionId, acceptedSeq: 1 }])
  const refused = issue(bob, 'x'.repeat(2_000))
  await bob.offer(refused)
  await bob.offer(refused, issue(bob, 'other', refused.clientSeq))
  // What was refused may be forgotten: then the same message would look like another one.
  expect(reported(desk)).toHaveLength(1)
})

test('EQV1 it outlives the process, and is bounded', async () => {
  const desk = await Desk.open({ limits: { evidenceMax: 2 } })
  const lie = async (name: string): Promise<HandAuthor> => {
    const author = await desk.author(name)
    const first = issue(author, 'a')
    await author.offer(first)
    await author.offer(issue(author, 'b', first.clientSeq))
    return author
  }
  const ann = await lie('ann')
  await desk.close()
  await desk.restart({ limits: { evidenceMax: 2 } })
  const liars = [ann, await lie('bob'), await lie('cy')].map(({ sessionId }) => sessionId)
  const proofs = await kept(desk)
  expect(proofs.map(({ sessionId }) => sessionId)).toEqual(liars.slice(0, 2))
  expect(reported(desk)).toHaveLength(2)
})
