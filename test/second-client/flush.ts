// Owns: the texts of authors (FACT): composing a flush from what its messages mean, reading it back,
// and the hashes, ids and the seal of its lines.

import { canonical, isBytes, longId, shortId, textHash, uuid8, valueHash } from './encode.ts'
import { type Json, count, counts, demand, list, parse, text } from './refusal.ts'

export const KINDS = ['create', 'update', 'resolve', 'migrate'] as const
export type Kind = (typeof KINDS)[number]

export interface Session {
  space: string
  authorId: string
  sessionId: string
  personalCommit: string
  eid: string | null
}
export interface Seen {
  seq: number
  chain: string
  from: number
  except: number[]
  eid: string | null
}
export interface Span {
  sessionId: string
  clientSeq: number
  from: number
  except: number[]
}
export interface Names {
  canonical: number[]
  own: number[]
  others: Span[]
}
export interface Shape {
  type: string
  kind: Kind
  schemaVersion: number
  regs: string[]
}
export interface Change {
  shape: Shape
  entityId: string
  parents: Names
  values: Json[]
  keep?: { reg: string; names: Names }[]
  cut?: number
  own?: Span[]
  sid?: string
}
export interface Expectation {
  entityId: string
  cut?: number
  own?: Span[]
}
export interface Message {
  clientSeq: number
  time: number
  salts: string[]
  changes: Change[]
  expect?: Expectation[]
}
export interface Head {
  baseTime: number
  shapes: Shape[]
  seen: Seen
}
export interface Placed {
  message: Message
  /** Number of its last line among those after the head. */
  end: number
}

// Hashes (FACT12, FACT13)

export function headHash(sessionLine: string, headLine: string): string {
  return textHash('cs/head', textHash('cs/session', sessionLine), headLine)
}

export function lineHash(head: string, before: string, line: string): string {
  return textHash('cs/line', head, before, line)
}

/** The hash of the head and of each line, as the seal signs them. */
export function flushHashes(sessionLine: string, lines: readonly string[]): string[] {
  const [headLine = '', ...rest] = lines
  const hashes = [headHash(sessionLine, headLine)]
  for (const line of rest) {
    const before = hashes.length > 1 ? hashes.at(-1)! : ''
    hashes.push(lineHash(hashes[0]!, before, line))
  }
  return hashes
}

export function sealHash(hashes: readonly string[]): string {
  return valueHash('cs/seal', [...hashes])
}

export function messageId(lastLineHash: string): string {
  return uuid8(lastLineHash)
}

// Composing

export function sessionLine(session: Session): string {
  const { space, authorId, sessionId, personalCommit, eid } = session
  const ids = [shortId(space), shortId(authorId), shortId(sessionId)]
  return canonical([2, ...ids, personalCommit, eid === null ? null : shortId(eid)])
}

/** Head line and lines, without line breaks. */
export function composeFlush(session: Session, seen: Seen, messages: readonly Message[]): string[] {
  const shapes: string[] = []
  const spelled = new Map<string, number>()
  const baseTime = messages[0]!.time
  const body: string[] = []
  for (const message of messages) {
    const changes = message.changes.map((change, index) => {
      const shape = canonical(shapeJson(change.shape))
      if (!shapes.includes(shape)) shapes.push(shape)
      const entity = spelled.get(change.entityId)
      if (entity === undefined) spelled.set(change.entityId, body.length + index)
      const parts = changeParts(change, seen, message.clientSeq)
      return trimmed([shapes.indexOf(shape), entity ?? shortId(change.entityId), ...parts])
    })
    const alone = changes.length === 1
    const head = [message.clientSeq, message.time - baseTime]
    if (!alone) changes.forEach((json, i) => body.push(canonical([json, message.salts[i]!])))
    const expect = message.expect?.map((each) => expectationJson(each, spelled)) ?? null
    const salt = message.salts.at(-1)!
    body.push(canonical(trimmed([...head, alone ? changes : [changes.length], salt, expect])))
  }
  const shapeLists = shapes.map((shape) => parse(shape, 'FACT4'))
  return [canonical([baseTime, shapeLists, seenJson(session, seen)]), ...body]
}

/** Parts that are null at the end of a list are left out. */
function trimmed(parts: Json[]): Json[] {
  return parts.slice(0, parts.findLastIndex((part) => part !== null) + 1)
}

function shapeJson({ type, kind, schemaVersion, regs }: Shape): Json[] {
  return [type, KINDS.indexOf(kind), schemaVersion, regs]
}

function seenJson(session: Session, { seq, chain, from, except, eid }: Seen): Json[] {
  const other = seq > 0 && eid !== null && eid !== session.eid
  return [seq, chain, from, except, ...(other ? [shortId(eid)] : [])]
}

function spanJson({ sessionId, clientSeq, from, except }: Span): Json[] {
  const wide = from === clientSeq ? null : from
  return trimmed([shortId(sessionId), clientSeq, wide, except.length > 0 ? except : null])
}

/** FACT9: canonical ones count down from `seen.seq`, own ones from the message. */
function namesJson(names: Names, seen: Seen, clientSeq: number): Json[] {
  return [
    ...names.canonical.map((seq) => seen.seq - seq),
    ...names.own.map((own) => own - clientSeq),
    ...names.others.map(spanJson),
  ]
}

function changeParts(change: Change, seen: Seen, clientSeq: number): Json[] {
  const { keep, own, shape } = change
  const kept = keep?.map(({ reg, names }) => [
    shape.regs.indexOf(reg),
    namesJson(names, seen, clientSeq),
  ])
  return [
    namesJson(change.parents, seen, clientSeq),
    change.values,
    kept ?? null,
    change.cut ?? null,
    own?.map(spanJson) ?? null,
    change.sid === undefined ? null : shortId(change.sid),
  ]
}

function expectationJson(each: Expectation, spelled: ReadonlyMap<string, number>): Json[] {
  const entity = spelled.get(each.entityId) ?? shortId(each.entityId)
  return trimmed([entity, each.cut ?? null, each.own?.map(spanJson) ?? null])
}

// Reading

export function readSessionLine(line: string): Session {
  const [v, space, author, session, personalCommit, eid, ...more] = list(
    parse(line, 'FACT1'),
    'FACT3',
  )
  demand(v === 2 && eid !== undefined && more.length === 0, 'FACT3', 'not a session line of now')
  demand(isBytes(personalCommit, 32), 'FACT2', 'not a commitment')
  return {
    space: longId(space, 'FACT2'),
    authorId: longId(author, 'FACT2'),
    sessionId: longId(session, 'FACT2'),
    personalCommit,
    eid: eid === null ? null : longId(eid, 'FACT2'),
  }
}

export function readHead(session: Session, line: string): Head {
  const [baseTime, shapes, seen] = list(parse(line, 'FACT1'), 'FACT4', 3)
  return {
    baseTime: Number(baseTime),
    shapes: list(shapes, 'FACT4').map(readShape),
    seen: readSeen(session, list(seen, 'FACT5', 5)),
  }
}

function readShape(json: Json): Shape {
  const [type, kind, schemaVersion, regs] = list(json, 'FACT4', 4)
  const names = list(regs, 'FACT4', 128).map((reg) => text(reg, 'FACT4'))
  const sorted = names.every((name, i) => i === 0 || names[i - 1]! < name)
  demand(names.length > 0 && sorted, 'FACT4', 'registers are not sorted, or none')
  const kindName = KINDS[count(kind, 'FACT4')]
  demand(kindName !== undefined, 'FACT4', 'no such kind')
  const version = count(schemaVersion, 'FACT4')
  return { type: text(type, 'FACT4'), kind: kindName, schemaVersion: version, regs: names }
}

function readSeen(session: Session, [seq, chain, from, except, eid]: Json[]): Seen {
  const at = count(seq, 'FACT5')
  const lineage = eid === undefined ? session.eid : longId(eid, 'FACT2')
  demand(at === 0 ? chain === '' : isBytes(chain, 16), 'FACT5', 'a chain where seq is above 0')
  demand(at === 0 || lineage !== null, 'FACT5', 'no lineage for its seq')
  return {
    seq: at,
    chain: text(chain, 'FACT5'),
    from: count(from, 'FACT5'),
    except: counts(except, 'FACT5'),
    eid: at === 0 ? null : lineage,
  }
}

function readSpan(json: Json): Span {
  const [session, clientSeq, from, except] = list(json, 'FACT9', 4)
  const end = count(clientSeq, 'FACT9')
  const start = from === undefined || from === null ? end : count(from, 'FACT9')
  const without = except === undefined ? [] : counts(except, 'FACT9')
  return { sessionId: longId(session, 'FACT2'), clientSeq: end, from: start, except: without }
}

function readNames(json: Json | undefined, seen: Seen, clientSeq: number): Names {
  const names: Names = { canonical: [], own: [], others: [] }
  for (const name of list(json, 'FACT9')) {
    if (typeof name !== 'number') names.others.push(readSpan(name))
    else if (name >= 0) names.canonical.push(seen.seq - name)
    else names.own.push(clientSeq + name)
  }
  const wasSeen = (own: number): boolean => own >= seen.from && !seen.except.includes(own)
  demand(names.canonical.every((seq) => seq > 0) && names.own.every(wasSeen), 'FACT9', 'not seen')
  return names
}

/** FACT6 and FACT8: groups lines into messages. A line that is known by its hash alone is null. */
export function readMessages(
  head: Head,
  lines: readonly (string | null)[],
  spelled: Map<number, string>,
  before = 0,
): Placed[] {
  const placed: Placed[] = []
  let waiting: { json: Json; salt: string; at: number }[] = []
  for (const [index, line] of lines.entries()) {
    if (line === null) continue
    const at = before + index
    const [first, second, third, fourth, expect] = list(parse(line, 'FACT1'), 'FACT6', 5)
    if (Array.isArray(first)) {
      waiting.push({ json: first, salt: saltOf(second), at })
      continue
    }
    const [only] = list(third, 'FACT6', 1)
    if (typeof only === 'number') demand(only === waiting.length, 'FACT6', 'other changes')
    else waiting = [{ json: only ?? null, salt: saltOf(fourth), at }]
    const clientSeq = count(first, 'FACT6')
    const changes = waiting.map((each) =>
      readChange(each.json, { head, clientSeq, spelled, at: each.at }),
    )
    const salts = waiting.map(({ salt }) => salt)
    if (typeof only === 'number') salts.push(saltOf(fourth))
    const message = { clientSeq, time: head.baseTime + Number(second), salts, changes }
    const expected = list(expect ?? [], 'FACT11').map((json) => readExpectation(json, spelled))
    placed.push({
      message: expected.length > 0 ? { ...message, expect: expected } : message,
      end: at,
    })
    waiting = []
  }
  demand(waiting.length === 0, 'FACT6', 'changes without their outer line')
  return placed
}

function saltOf(json: Json | undefined): string {
  demand(isBytes(json, 12), 'FACT2', 'not a salt of 96 bits')
  return json
}

interface ChangeContext {
  head: Head
  clientSeq: number
  spelled: Map<number, string>
  at: number
}

function entityOf(json: Json | undefined, spelled: ReadonlyMap<number, string>): string {
  const id = typeof json === 'number' ? spelled.get(json) : longId(json, 'FACT2')
  demand(id !== undefined, 'FACT8', 'a line that spells no entity')
  return id
}

function readChange(json: Json, { head, clientSeq, spelled, at }: ChangeContext): Change {
  const [number, entity, names, valueList, keep, cut, own, sid] = list(json, 'FACT7', 8)
  const shape = head.shapes[count(number, 'FACT4')]
  demand(shape !== undefined, 'FACT4', 'no such shape')
  const entityId = entityOf(entity, spelled)
  if (typeof entity === 'string') spelled.set(at, entityId)
  const values = list(valueList, 'FACT7')
  const parents = readNames(names, head.seen, clientSeq)
  const bare = parents.canonical.length + parents.own.length + parents.others.length === 0
  demand(values.length === shape.regs.length, 'FACT7', 'as many values as registers')
  demand((shape.kind === 'create') === bare, 'FACT7', 'parents are for all but a create')
  const change: Change = { shape, entityId, parents, values }
  if (Array.isArray(keep)) {
    change.keep = keep.map((each) => {
      const [reg, kept] = list(each, 'FACT10', 2)
      const name = shape.regs[count(reg, 'FACT10')]
      demand(name !== undefined, 'FACT10', 'no such register')
      return { reg: name, names: readNames(kept, head.seen, clientSeq) }
    })
  }
  if (typeof cut === 'number') change.cut = cut
  if (Array.isArray(own)) change.own = own.map(readSpan)
  if (typeof sid === 'string') change.sid = longId(sid, 'FACT2')
  return change
}

function readExpectation(json: Json, spelled: ReadonlyMap<number, string>): Expectation {
  const [entity, cut, own] = list(json, 'FACT11', 3)
  const expectation: Expectation = { entityId: entityOf(entity, spelled) }
  if (typeof cut === 'number') expectation.cut = cut
  if (Array.isArray(own)) expectation.own = own.map(readSpan)
  return expectation
}

/** A whole flush, of which one meaning has one text (FACT1, FACT15). */
export function readFlush(session: Session, content: string): { head: Head; messages: Message[] } {
  const [headLine = '', ...lines] = content.split('\n')
  const head = readHead(session, headLine)
  const messages = readMessages(head, lines, new Map()).map(({ message }) => message)
  demand(messages.length > 0, 'FACT14', 'a flush without messages')
  const again = composeFlush(session, head.seen, messages).join('\n')
  demand(again === content, 'FACT15', 'another text for the same meaning')
  return { head, messages }
}
