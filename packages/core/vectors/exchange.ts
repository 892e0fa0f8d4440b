/**
 * Test vectors of the wire: two authors and a reviewer with fixed keys, every frame between them, and
 * everything that is hashed or signed in it, spelled out by its definition (`preimages.ts`).
 *
 * Ann has a login, Bob none.
 *
 *   1  Ann creates a row.                  4  Ann offers the first message again: accepted.
 *   2  Bob changes its title.              5  Bob resolves the title too early: rejected as stale.
 *   3  Ann changes it, too, not having     6  Ann names a parent that nobody knows: nack.
 *      seen Bob's: a conflict, a base.     7  Bob asks for the history, and for a snapshot.
 */
import { toBase64url } from '../src/base/bytes.ts'
import type { Json } from '../src/base/json.ts'
import { composeFlush, textOfFlush } from '../src/facts/flush.ts'
import { sealBytes } from '../src/facts/hashes.ts'
import { chainPrefix } from '../src/facts/ids.ts'
import { composeSession } from '../src/facts/session-line.ts'
import type { ChangeKind, Flush, Names, Seen, Session } from '../src/facts/types.ts'
import { EntityIds, grantBytes, personalCommit, whoamiId } from '../src/facts/whoami.ts'
import { type Position, WIRE_VERSION } from '../src/facts/message.ts'
import type { KeyPair } from '../src/ports/signer.ts'
import { SeededRandom } from '../src/testing/seeded-random.ts'
import { authorFrame, parseReviewerFrame } from '../src/wire/frames.ts'
import { bindBytes } from '../src/wire/signed.ts'
import { hashesIn, signaturesIn } from './preimages.ts'
import { Stage, keysOf, signed } from './stage.ts'

const SPACE = '0190a6b2-3c4d-4e5f-8a7b-0123456789ab'
const REVIEWER = keysOf('11'.repeat(32))
/** In the time of the stage. */
const LOGIN_ENDS = 1_735_693_200_000
const NONE: Names = { canonical: [], own: [], others: [] }

/** Somebody with a key and one session. */
interface Person {
  readonly keys: KeyPair
  readonly authorId: string
  readonly personalId: string
  /** For the login of the reviewer. */
  readonly token: string | null
  readonly salt: string
  readonly session: Session
  readonly random: SeededRandom
}

/** `eid`: the lineage that is followed when the session begins to write. */
function person(
  seed: string,
  {
    personalId,
    no,
    eid,
    token = null,
  }: { personalId: string; no: number; eid: string | null; token?: string | null },
): Person {
  const random = new SeededRandom(no)
  const keys = keysOf(seed)
  const authorId = whoamiId(keys.publicKey)
  const salt = toBase64url(random.bytes(16))
  const session = composeSession({
    ...{ space: SPACE, authorId, sessionId: `0190a6b2-3c4d-4000-8000-00000000000${no}`, eid },
    personalCommit: personalCommit(SPACE, personalId, salt),
  })
  return { keys, authorId, personalId, token, salt, session, random }
}

/** Everything that was seen up to a position, and own messages from that number on. */
function seenAt({ eid, seq, chain }: Position, from: number): Seen {
  return seq === 0
    ? { eid: null, seq, chain: '', from, except: [] }
    : { eid, seq, chain: chainPrefix(chain), from, except: [] }
}

class Exchange {
  readonly #stage: Stage

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** Greets, binds the session of that person, and returns the position of the greeting. */
  async greet(
    link: string,
    { keys, authorId, personalId, token, salt, session, random }: Person,
  ): Promise<Position> {
    const nonce = toBase64url(random.bytes(16))
    const hello = { v: WIRE_VERSION, space: SPACE, nonce, position: null }
    const [welcome] = await this.#stage.send(link, authorFrame('hello', hello))
    const heard = parseReviewerFrame(welcome!)
    if (!heard.ok || heard.value.kind !== 'welcome') throw new Error('no welcome')
    const { sessionId, personalCommit: commit } = session.facts
    const opening = {
      ...{ authorId, publicKey: keys.publicKey, sessionId, personalId, salt },
      sig: signed(keys, grantBytes(SPACE, authorId, { sessionId, commit })),
      proof: signed(keys, bindBytes(SPACE, sessionId, heard.value.nonce)),
    }
    await this.#stage.send(
      link,
      authorFrame('bind', { sessions: [opening], auth: token, keeps: false }),
    )
    return heard.value.position
  }

  want(link: string, have: Position | null): Promise<readonly string[]> {
    return this.#stage.send(link, authorFrame('want', { have, pages: null }))
  }

  /** A flush of one message with one change of the row. */
  flush(
    { session, random }: Person,
    clientSeq: number,
    change: {
      readonly kind: ChangeKind
      readonly id: string
      readonly seen: Seen
      readonly parents: Names
      readonly values: Readonly<Record<string, Json>>
    },
  ): Flush {
    const { kind, id, seen, parents, values } = change
    const regs = Object.keys(values).sort()
    const shape = { type: 'issue', kind, schemaVersion: 1, regs }
    const made = composeFlush(session, {
      seen,
      messages: [
        {
          ...{ clientSeq, time: this.#stage.clock.now() - 5 },
          changes: [{ shape, entityId: id, parents, values: regs.map((reg) => values[reg]!) }],
          salts: [toBase64url(random.bytes(12))],
        },
      ],
    })
    if (!made.ok) throw new Error(made.error.message)
    return made.value
  }

  /** Offers it, and returns the position that the answer ends at, if it is a tail. */
  async offer(
    link: string,
    { keys, session }: Person,
    flush: Flush,
  ): Promise<Position | undefined> {
    const sig = signed(keys, sealBytes(flush.hashes))
    const text = `${session.line}\n${textOfFlush(flush.text)}`
    const answers = await this.#stage.send(
      link,
      authorFrame('offer', { sig, rejections: null }, text),
    )
    for (const answer of answers) {
      const heard = parseReviewerFrame(answer)
      if (heard.ok && heard.value.kind === 'tail') return heard.value.position
    }
    return undefined
  }
}

export async function exchangeVectors(): Promise<Json> {
  const ann = person('22'.repeat(32), {
    ...{ personalId: 'ann@example', no: 2, eid: null },
    token: 'a token of Ann',
  })
  const stage = await Stage.open(SPACE, REVIEWER, (auth) =>
    auth === 'a token of Ann' ? { personalId: 'ann@example', expiresAt: LOGIN_ENDS } : null,
  )
  const exchange = new Exchange(stage)
  const id = new EntityIds(SPACE, ann.authorId, ann.session.facts.sessionId).next()

  const start = await exchange.greet('ann', ann)
  await exchange.want('ann', null)
  const first = exchange.flush(ann, 1, {
    ...{ kind: 'create', id, seen: seenAt(start, 1), parents: NONE },
    values: { done: false, title: 'one' },
  })
  const one = (await exchange.offer('ann', ann, first))!

  const bob = person('33'.repeat(32), { personalId: 'bob@example', no: 3, eid: one.eid })
  await exchange.greet('bob', bob)
  await exchange.want('bob', null)
  const onOne = { id, parents: { ...NONE, canonical: [1] } }
  const bobs = exchange.flush(bob, 1, {
    ...{ ...onOne, kind: 'update', seen: seenAt(one, 1) },
    values: { title: 'two' },
  })
  const two = (await exchange.offer('bob', bob, bobs))!
  const anns = exchange.flush(ann, 2, {
    ...{ ...onOne, kind: 'update', seen: seenAt(one, 2) },
    values: { title: 'zwei' },
  })
  await exchange.offer('ann', ann, anns)
  await exchange.offer('ann', ann, first)

  const late = exchange.flush(bob, 2, {
    ...{ id, kind: 'resolve', seen: seenAt(two, 2), parents: { ...NONE, canonical: [2] } },
    values: { title: 'two' },
  })
  await exchange.offer('bob', bob, late)
  const lost = exchange.flush(ann, 9, {
    ...{ id, kind: 'update', seen: seenAt(one, 8), parents: { ...NONE, canonical: [1], own: [8] } },
    values: { done: true },
  })
  await exchange.offer('ann', ann, lost)

  await stage.send('bob', authorFrame('history', { entityId: id }))
  await exchange.greet('bob again', bob)
  await exchange.want('bob again', { ...two, eid: SPACE })
  await stage.send('bob again', authorFrame('seal', { seq: 1 }))
  await stage.close()

  const parties = { reviewer: partyOf(REVIEWER), ann: personOf(ann), bob: personOf(bob) }
  return {
    space: SPACE,
    parties,
    entity: { id, mintedBy: ann.session.facts.sessionId, counter: 0 },
    frames: stage.frames.map(({ link, from, text }) => ({ link, from, text })),
    hashes: hashesIn(stage.frames, Object.values(parties)),
    signatures: signaturesIn(stage.frames, SPACE),
  }
}

type Party = Readonly<Record<'seed' | 'publicKey' | 'id', string>>

function partyOf({ publicKey, secret }: KeyPair): Party {
  return { seed: secret as string, publicKey, id: whoamiId(publicKey) }
}

function personOf({
  keys,
  personalId,
  salt,
  session,
}: Person): Party & Readonly<Record<string, string>> {
  const { sessionId, personalCommit: commit } = session.facts
  return { ...partyOf(keys), sessionId, personalId, salt, personalCommit: commit }
}
