/**
 * The one text form of a run of messages: on the wire, in a replica's storage and in the
 * reviewer's database. Positional JSON; what messages share is said once, a text that
 * repeats is numbered, and what a receiver recomputes (ids, hashes, leaves) is not there.
 *
 *   run      [sessions, shapes, seens, base time, messages]
 *   session  [authorId, sessionId, personal commitment]
 *   shape    [type, kind, schema version, registers]
 *   seen     [lineage, seq, start of the chain, from, [except…]]   lineage 0: no reviewer was ever met
 *   message  [session no, seen no, clientSeq, time - base, changes, expect?]
 *   change   [shape no, entity, parents, values, salt, keep, sid, cut, own]   erased: values is 0, salt
 *            the hash; or the leaf's hash alone, where this receiver may not see the change. keep, sid
 *            and cut are 0 where there are none, and what is 0 at the end is left out; cut is one more
 *   own      list of [session, from, to, [except…]]
 *   ref      a text where it comes first, its number where it comes again, and -(k+1) for the
 *            id of message k of this run
 */
import { type Outcome, fail, ok } from '../base/outcome.ts'
import { type Hash, isHash } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import { type Uuid, isUuid } from '../base/uuid.ts'
import { identify, leafHash } from '../message/ids.ts'
import {
  type Change,
  type ChangeKind,
  type ChangeMeta,
  type Expectation,
  type Message,
  type OwnSpan,
  type Seen,
  WIRE_VERSION,
} from '../message/message.ts'
import { changeFault, messageFault } from '../message/parse.ts'
import { itemAt } from './item-at.ts'

const KINDS: readonly ChangeKind[] = ['create', 'update', 'resolve', 'migrate']

type Ref = string | number

/** Messages of one space, parents before children, as text. */
export function packMessages(messages: readonly Message[]): string {
  const packer = new Packer(messages)
  return JSON.stringify(packer.pack())
}

class Packer {
  readonly #messages: readonly Message[]
  readonly #own = new Map<Uuid, number>()
  readonly #refs = new Map<string, number>()
  readonly #sessions = new Map<string, number>()
  readonly #shapes = new Map<string, number>()
  readonly #sessionList: Json[] = []
  readonly #shapeList: Json[] = []
  readonly #seens = new Map<string, number>()
  readonly #seenList: Json[] = []
  /** Place of the message that is being written. */
  #at = 0

  constructor(messages: readonly Message[]) {
    this.#messages = messages
    for (const [i, message] of messages.entries()) this.#own.set(message.id, -(i + 1))
  }

  pack(): Json {
    const base = this.#messages[0]?.header.timestamp ?? 0
    const packed = this.#messages.map((message, i) => {
      this.#at = i
      return this.#message(message, base)
    })
    return [this.#sessionList, this.#shapeList, this.#seenList, base, packed]
  }

  #message({ header, changes }: Message, base: number): Json {
    const session = `${header.sessionId}${header.authorId}${header.personalCommit}`
    let no = this.#sessions.get(session)
    if (no === undefined) {
      no = this.#sessionList.push([header.authorId, header.sessionId, header.personalCommit]) - 1
      this.#sessions.set(session, no)
    }
    const list = changes.map((change, i) => (change ? this.#change(change) : header.leaves[i]!))
    const seen = this.#seen(header.seen)
    const packed: Json[] = [no, seen, header.clientSeq, header.timestamp - base, list]
    if (header.expect)
      packed.push(
        header.expect.map((e) => [this.#ref(e.entityId), e.heads.map((id) => this.#ref(id))]),
      )
    return packed
  }

  #seen({ eid, seq, chain, from, except }: Seen): number {
    const packed: Json = [eid ?? 0, seq, chain, from, except]
    const key = JSON.stringify(packed)
    let no = this.#seens.get(key)
    if (no === undefined) this.#seens.set(key, (no = this.#seenList.push(packed) - 1))
    return no
  }

  #change({ meta, values, salt, valuesHash }: Change): Json {
    const key = `${meta.kind} ${meta.schemaVersion} ${meta.type}\u0000${meta.regs.join('\u0000')}`
    let shape = this.#shapes.get(key)
    if (shape === undefined) {
      shape =
        this.#shapeList.push([meta.type, KINDS.indexOf(meta.kind), meta.schemaVersion, meta.regs]) -
        1
      this.#shapes.set(key, shape)
    }
    const entity = this.#ref(meta.entityId) // before the parents: texts are numbered as a reader meets them
    const parents = meta.parentCanonicalIds.map((id) => this.#ref(id))
    const packed: Json[] = [shape, entity, parents, values ?? 0, salt ?? valuesHash!]
    const more = [
      meta.keep
        ? Object.entries(meta.keep).map(([reg, ids]) => [
            meta.regs.indexOf(reg),
            ids.map((id) => this.#ref(id)),
          ])
        : 0,
      meta.sid ?? 0,
      meta.cut === undefined ? 0 : meta.cut + 1,
      meta.own
        ? meta.own.map(({ sessionId, from, to, except }) => [
            this.#ref(sessionId),
            from,
            to,
            except,
          ])
        : 0,
    ]
    while (more.at(-1) === 0) more.pop()
    packed.push(...more)
    return packed
  }

  #ref(text: string): Ref {
    const own = this.#own.get(text)
    // A reader meets the messages in this order, and can only look back. A strange author may name
    // what stands further on, as a write to keep: then the name is spelled out.
    const known = own !== undefined && -own <= this.#at ? own : this.#refs.get(text)
    if (known !== undefined) return known
    this.#refs.set(text, this.#refs.size)
    return text
  }
}

/** Untrusted JSON as messages, with ids and hashes recomputed. Never throws. */
export function unpackMessages(packed: unknown, space: Uuid): Outcome<readonly Message[]> {
  try {
    return ok(new Unpacker(space).unpack(packed))
  } catch (error) {
    if (error instanceof Malformed) return fail('invalid', error.message)
    throw error
  }
}

/** Leaves the nested readers below at once; never leaves this file. */
class Malformed extends Error {}

function bad(what: string): never {
  throw new Malformed(what)
}

const listOf = (value: unknown, what: string): readonly unknown[] =>
  Array.isArray(value) ? value : bad(`${what} is not a list`)

class Unpacker {
  readonly #space: Uuid
  readonly #ids: Uuid[] = []
  readonly #refs: string[] = []
  #sessions: readonly (readonly [Uuid, Uuid, Hash])[] = []
  #shapes: readonly Pick<ChangeMeta, 'type' | 'kind' | 'schemaVersion' | 'regs'>[] = []
  #seens: readonly Seen[] = []

  constructor(space: Uuid) {
    this.#space = space
  }

  unpack(packed: unknown): Message[] {
    const [sessions, shapes, seens, base, messages] = listOf(packed, 'a run of messages')
    this.#sessions = listOf(sessions, 'the sessions of a run').map(readSession)
    this.#shapes = listOf(shapes, 'the shapes of a run').map(readShape)
    this.#seens = listOf(seens, 'what the authors of a run have seen').map(readSeen)
    if (!Number.isSafeInteger(base)) bad('the base time of a run is not a number of milliseconds')
    return listOf(messages, 'the messages of a run').map((message) =>
      this.#message(message, base as number),
    )
  }

  #message(packed: unknown, base: number): Message {
    const [sessionNo, seenNo, clientSeq, delta, list, expect] = listOf(packed, 'a message')
    const session =
      itemAt(this.#sessions, sessionNo) ?? bad('a message names no session of its run')
    const leaves: Hash[] = []
    const changes = listOf(list, 'the changes of a message').map((packedChange) => {
      if (isHash(packedChange)) {
        leaves.push(packedChange)
        return null
      }
      const change = this.#change(packedChange)
      const fault = changeFault(change)
      if (fault) bad(fault)
      leaves.push(leafHash(change))
      return change
    })
    const header = {
      v: WIRE_VERSION,
      space: this.#space,
      authorId: session[0],
      sessionId: session[1],
      clientSeq: clientSeq as number,
      timestamp: Number.isSafeInteger(delta)
        ? base + (delta as number)
        : bad('the time of a message is not a number'),
      personalCommit: session[2],
      seen: itemAt(this.#seens, seenNo) ?? bad('a message does not say what its author has seen'),
      leaves,
      ...(expect !== undefined && { expect: this.#expect(expect) }),
    } as const
    const draft = { id: '', hash: '', header, changes }
    const fault = messageFault(draft)
    if (fault) bad(fault)
    const identity = identify(header)
    this.#ids.push(identity.id)
    return { ...identity, header, changes }
  }

  #change(packed: unknown): Change {
    const [shapeNo, entity, parents, values, salt, keep = 0, sid = 0, cut = 0, own = 0] = listOf(
      packed,
      'a change',
    )
    const shape = itemAt(this.#shapes, shapeNo) ?? bad('a change names no shape of its run')
    const meta: ChangeMeta = {
      ...shape,
      entityId: this.#ref(entity),
      parentCanonicalIds: listOf(parents, 'the parents of a change').map((ref) => this.#ref(ref)),
      ...(keep !== 0 && { keep: this.#keep(keep, shape.regs) }),
      ...(sid !== 0 && { sid: sid as Uuid }),
      ...(cut !== 0 && { cut: typeof cut === 'number' ? cut - 1 : bad('cut is no number') }),
      ...(own !== 0 && { own: listOf(own, 'own').map((span) => this.#span(span)) }),
    }
    if (values === 0) return { meta, valuesHash: salt as Hash }
    return {
      meta,
      values: listOf(values, 'the values of a change') as readonly Json[],
      salt: salt as string,
    }
  }

  #keep(packed: unknown, regs: readonly string[]): Record<string, readonly Uuid[]> {
    const keep: Record<string, readonly Uuid[]> = Object.create(null) as Record<
      string,
      readonly Uuid[]
    >
    for (const item of listOf(packed, 'keep')) {
      const [no, ids] = listOf(item, 'keep')
      const reg = itemAt(regs, no) ?? bad('keep names a register that is not written')
      keep[reg] = listOf(ids, 'keep').map((ref) => this.#ref(ref))
    }
    return keep
  }

  #span(packed: unknown): OwnSpan {
    const [session, from, to, except] = listOf(packed, 'own')
    return {
      sessionId: this.#ref(session),
      from: from as number,
      to: to as number,
      except: listOf(except, 'own') as readonly number[],
    }
  }

  #expect(packed: unknown): readonly Expectation[] {
    return listOf(packed, 'expect').map((item) => {
      const [entity, heads] = listOf(item, 'expect')
      const entityId = this.#ref(entity)
      const ids = listOf(heads, 'expect').map((ref) => this.#ref(ref))
      if (!isUuid(entityId) || !ids.every(isUuid))
        bad('expect does not name entities and heads by uuid')
      return { entityId, heads: ids }
    })
  }

  #ref(ref: unknown): string {
    if (typeof ref === 'string') {
      this.#refs.push(ref)
      return ref
    }
    if (typeof ref !== 'number') bad('a reference is neither text nor number')
    const text = ref < 0 ? this.#ids[-ref - 1] : this.#refs[ref]
    return text ?? bad('a reference points to nothing')
  }
}

function readSession(packed: unknown): readonly [Uuid, Uuid, Hash] {
  const [authorId, sessionId, commit] = listOf(packed, 'a session')
  if (!isUuid(authorId) || !isUuid(sessionId) || !isHash(commit))
    bad('a session is not author, session and commitment')
  return [authorId, sessionId, commit]
}

/** Its numbers are checked with the message. */
function readSeen(packed: unknown): Seen {
  const [eid, seq, chain, from, except] = listOf(packed, 'what an author has seen')
  if (typeof chain !== 'string') bad('the start of a chain is not text')
  return {
    eid: eid === 0 ? null : (eid as Uuid),
    seq: seq as number,
    chain,
    from: from as number,
    except: listOf(except, 'what an author has not seen') as readonly number[],
  }
}

function readShape(packed: unknown): Pick<ChangeMeta, 'type' | 'kind' | 'schemaVersion' | 'regs'> {
  const [type, kind, schemaVersion, regs] = listOf(packed, 'a shape')
  if (typeof type !== 'string') bad('a type is not text')
  if (!listOf(regs, 'registers').every((reg) => typeof reg === 'string'))
    bad('a register is not text')
  return {
    type,
    kind: itemAt(KINDS, kind) ?? bad('the kind of a change is unknown'),
    schemaVersion: schemaVersion as number,
    regs: regs as readonly string[],
  }
}
