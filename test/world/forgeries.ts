/**
 * The frames that an attacker between a tab and the reviewer sends in the reviewer's name. The attacker
 * reads everything, has no key of the reviewer's, and runs another reviewer. A tab believes no such frame,
 * unless its content is true.
 */
import {
  type AuthoredMessage,
  type Json,
  type Rejection,
  hashBytes,
  shortId,
} from '@countersign/core/message'
import {
  type Epoch,
  type ReviewerFrame,
  chainOfBatch,
  epochOf,
  linesInParts,
  reviewerFrame,
  spanOfBatch,
} from '@countersign/core/protocol'
import type { Random } from '../model/random.ts'
import type { CraftName } from './extremes.ts'
import { SPACE } from './truth.ts'

type Kind = ReviewerFrame['kind']
type Frame<K extends Kind> = ReviewerFrame & { readonly kind: K }

/** The middleman as this file needs it. */
export interface Between {
  readonly random: Random
  /** The nonce of the tab, which a greeting must sign, on the link that the forgery is for. */
  readonly nonce: string
  /** Own messages that the tab has offered, over this link or an earlier one, and that have no verdict. */
  readonly waiting: readonly AuthoredMessage[]
  /** Names of the kept pages of the tab, from its `want` over this link. */
  readonly kept: readonly string[]
  /** A reviewer of another key, and what it signs. */
  readonly other: Epoch
  sign(bytes: Uint8Array): Promise<string>
  /** The true chain after a seq. */
  chainAt(seq: number): string | undefined
  /** An earlier frame of the reviewer to some client. */
  heard<K extends Kind>(kind: K): Frame<K> | undefined
}

type Told = readonly string[] | undefined

export interface Forgery {
  readonly name: string
  /** The kind of frame that it replaces. */
  readonly kind: Kind
  /** The name of the forgery that must have been sent before it. */
  readonly after?: string
  /** Makes the forgery. Undefined: it cannot be made from this frame. */
  make(by: Between, frame: ReviewerFrame): Told | Promise<Told>
}

function forgery<K extends Kind>(
  name: string,
  kind: K,
  make: (by: Between, frame: Frame<K>) => Told | Promise<Told>,
): Forgery {
  return { name, kind, make: (by, frame) => make(by, frame as Frame<K>) }
}

const OTHER_REVIEWER = 'greeting of another reviewer'

const GREETINGS: readonly Forgery[] = [
  forgery(OTHER_REVIEWER, 'welcome', async (by, frame) => {
    const { eid, chain } = by.other
    const position = { eid, epoch: 1, seq: 0, chain }
    const { at, nonce } = frame
    const fields = [by.nonce, nonce, shortId(SPACE), shortId(eid), 1, 0, chain, at]
    const signed = await by.sign(hashBytes('cs/welcome', fields))
    return [reviewerFrame('welcome', { ...frame, lineage: [by.other], position, sig: signed })]
  }),
  forgery('record with another key', 'welcome', (by, frame) => {
    const { reviewerKey } = by.other
    const lineage = frame.lineage.map((record) => epochOf({ ...record, reviewerKey }))
    return [reviewerFrame('welcome', { ...frame, lineage })]
  }),
  forgery('greeting of another link', 'welcome', (by) => again(by.heard('welcome'))),
  forgery('greeting with another position', 'welcome', (by, frame) => {
    const position = by.heard('tail')?.position ?? {
      ...frame.position,
      seq: frame.position.seq + 1,
    }
    return [reviewerFrame('welcome', { ...frame, position })]
  }),
]

const TAILS: readonly Forgery[] = [
  forgery('position with another signature', 'tail', (_, frame) => {
    const { position } = frame
    return tail(frame, { position: { ...position, sig: changed(position.sig ?? '') } })
  }),
  forgery('position of another tail', 'tail', (by, frame) => {
    const other = by.heard('tail')
    return other && tail(frame, { position: other.position })
  }),
  forgery('signature of another position', 'tail', (by, frame) => {
    const sig = by.heard('tail')?.position.sig
    const position = { ...frame.position, ...(sig !== undefined && { sig }) }
    return tail(frame, { position })
  }),
  forgery('old tail', 'tail', (by) => again(by.heard('tail'))),
  forgery('batch left out', 'tail', (by, frame) => {
    const parts = partsOf(frame)
    if (parts.length < 2) return undefined
    return ofParts(frame, parts.toSpliced(by.random.below(parts.length), 1))
  }),
  forgery('batches in another order', 'tail', (_, frame) => {
    const parts = partsOf(frame)
    return parts.length < 2 ? undefined : ofParts(frame, parts.toReversed())
  }),
  forgery('line changed', 'tail', (by, frame) => {
    const parts = partsOf(frame)
    const at = by.random.below(parts.length)
    const other = withOtherSalt(parts[at]!)
    return other === undefined ? undefined : ofParts(frame, parts.with(at, other))
  }),
  forgery('line changed, and the chain computed anew', 'tail', (by, frame) => {
    const parts = partsOf(frame)
    const other = withOtherSalt(parts.at(-1)!)
    return other === undefined ? undefined : rechained(by, frame, [...parts.slice(0, -1), other])
  }),
  forgery('time of the review changed', 'tail', (by, frame) => {
    const parts = partsOf(frame)
    const end = parts.at(-1)!.indexOf('\n')
    const first = JSON.parse(parts.at(-1)!.slice(0, end)) as Json[]
    const other = JSON.stringify(first.with(2, (first[2] as number) + 1))
    return rechained(by, frame, [...parts.slice(0, -1), other + parts.at(-1)!.slice(end)])
  }),
]

const PAGES: readonly Forgery[] = [
  forgery('page of another snapshot', 'page', (by, { snapshot, texts }) => {
    const other = by.heard('page')
    return other && other.texts !== texts
      ? [reviewerFrame('page', { snapshot }, other.texts)]
      : undefined
  }),
  forgery('page without a row', 'page', (by, frame) => {
    const [messages, entities] = JSON.parse(frame.texts) as [Json[], Json[]]
    const left = entities.toSpliced(by.random.below(entities.length), 1)
    return page(frame, [messages, left])
  }),
  forgery('page with another value', 'page', (by, frame) => {
    const [messages, entities] = JSON.parse(frame.texts) as [Json[], Json[][]]
    const at = by.random.below(entities.length)
    const writes = entities[at]![2] as Json[][]
    const write = by.random.below(writes.length)
    const values = writes[write]![4] as Json[]
    const value = values.findIndex((each) => typeof each === 'number')
    if (value < 0) return undefined
    const other = writes[write]!.with(4, values.with(value, (values[value] as number) + 1))
    return page(frame, [
      messages,
      entities.with(at, entities[at]!.with(2, writes.with(write, other))),
    ])
  }),
  forgery('page said to be kept', 'page', (by, { snapshot }) =>
    by.kept.length === 0
      ? undefined
      : [reviewerFrame('kept', { snapshot, pages: [by.random.pick(by.kept)] })],
  ),
  forgery('kept page left out', 'kept', (by, { snapshot, pages }) => [
    reviewerFrame('kept', { snapshot, pages: pages.toSpliced(by.random.below(pages.length), 1) }),
  ]),
  forgery('kept page that nobody has', 'kept', (by, { snapshot, pages }) => {
    const at = by.random.below(pages.length)
    return [reviewerFrame('kept', { snapshot, pages: pages.with(at, changed(pages[at]!)) })]
  }),
  forgery('kept pages of another snapshot', 'kept', (by, { snapshot, pages }) => {
    const others = [...(by.heard('kept')?.pages ?? []), ...by.kept]
    const odd = others.filter((name) => !pages.includes(name))
    return odd.length === 0
      ? undefined
      : [reviewerFrame('kept', { snapshot, pages: [...pages.slice(1), by.random.pick(odd)] })]
  }),
]

const ENDS: readonly Forgery[] = [
  forgery('settled what follows', 'settled', (by, frame) => {
    const last = frame.runs.at(-1)
    if (!last) return undefined
    const count = last.count + by.random.between(1, 20)
    return [
      reviewerFrame('settled', {
        ...frame,
        runs: [...frame.runs.slice(0, -1), { ...last, count }],
      }),
    ]
  }),
  forgery('list of own messages made up', 'through', (by, frame) => {
    const { settled, position, snapshot } = frame
    const message = by.waiting.at(-1)
    if (!settled || !message || position.seq === 0) return undefined
    const { sessionId } = message.session.facts
    const runs = [{ clientSeq: message.clientSeq, count: 1, seq: position.seq }]
    return [
      reviewerFrame('settled', { sessionId, runs, at: by.heard('welcome')?.at ?? 0, snapshot }),
      reviewerFrame('through', { ...frame, settled: { ...settled, lists: settled.lists + 1 } }),
    ]
  }),
  forgery('end with another signature', 'through', (_, frame) => [
    reviewerFrame('through', { ...frame, sig: changed(frame.sig) }),
  ]),
  forgery('end of an answer at another time', 'through', (_, frame) =>
    frame.at === null ? undefined : [reviewerFrame('through', { ...frame, at: frame.at + 1 })],
  ),
  forgery('snapshot without a word of own messages', 'through', (_, frame) =>
    frame.settled === null ? undefined : [reviewerFrame('through', { ...frame, settled: null })],
  ),
  forgery('what another snapshot has of own messages', 'through', (by, frame) => {
    const settled = by.heard('through')?.settled
    return frame.settled === null || !settled
      ? undefined
      : [reviewerFrame('through', { ...frame, settled })]
  }),
  forgery('snapshot of fewer parts', 'through', (_, frame) =>
    frame.pages < 2 ? undefined : [reviewerFrame('through', { ...frame, pages: frame.pages - 1 })],
  ),
  forgery('old end of an answer', 'through', (by) => again(by.heard('through'))),
  forgery('end of an answer ahead', 'through', (by, frame) => {
    const seq = frame.position.seq + by.random.between(1, 3)
    return [reviewerFrame('through', { ...frame, position: { ...frame.position, seq } })]
  }),
]

const VERDICTS: readonly Forgery[] = [
  forgery('accepted elsewhere', 'accepted', (by, frame) => {
    const reviews = frame.reviews.map((each) => ({
      ...each,
      seq: Math.max(1, each.seq + by.random.pick([-1, 1])),
    }))
    return [reviewerFrame('accepted', { ...frame, reviews })]
  }),
  forgery('acceptance of what waits', 'welcome', (by, { at }) => {
    const message = by.waiting.at(-1)
    if (!message) return undefined
    const { sessionId } = message.session.facts
    const reviews = [{ clientSeq: message.clientSeq, seq: 1, at, forked: false }]
    const sig = by.heard('accepted')?.sig ?? 'no signature'
    return [reviewerFrame('accepted', { sessionId, reviews, sig })]
  }),
  forgery('rejection of what waits', 'welcome', (by, frame) => {
    const message = by.waiting.at(-1)
    if (!message) return undefined
    const { eid, epoch, reviewerId } = frame.lineage.at(-1)!
    const [sig = 'no signature'] = by.heard('rejected')?.rejections.map((each) => each.sig) ?? []
    const { id: msgId, hash } = message
    const at = frame.at
    const made = { v: frame.v, space: SPACE, eid, epoch, reviewerId, msgId, hash, at, sig }
    const rejection = { ...made, reason: 'invalid', detail: 'a forgery' } as Rejection
    return [reviewerFrame('rejected', { rejections: [rejection] })]
  }),
  forgery('rejection of another message', 'rejected', (by, frame) => {
    const message = by.waiting.at(-1)
    if (!message) return undefined
    const { id: msgId, hash } = message
    const rejections = frame.rejections.map((each) => ({ ...each, msgId, hash }))
    return [reviewerFrame('rejected', { rejections })]
  }),
]

/** The best forgery that is possible without the reviewer's key. */
const END_BY_ANOTHER = forgery('end of the answer of another reviewer', 'bound', async (by) => {
  const { eid, chain } = by.other
  const signed = await by.sign(hashBytes('cs/pos', [shortId(SPACE), shortId(eid), 1, 0, chain]))
  const position = { eid, epoch: 1, seq: 0, chain, sig: signed }
  const at = by.heard('welcome')?.at ?? 0
  const fields = [shortId(SPACE), shortId(eid), 1, 0, chain, at]
  const sig = await by.sign(hashBytes('cs/live', fields))
  return [reviewerFrame('through', { position, pages: 0, snapshot: 0, sig, at, settled: null })]
})

/** Replayed frames that report a complete state before any data were sent. */
const OLD_ENDS: readonly Forgery[] = [
  forgery('nothing to tell', 'bound', (by) => {
    const heard = by.heard('welcome')
    const position = heard?.position
    const sig = position?.sig
    if (!position || sig === undefined) return undefined
    const { at } = heard
    return [reviewerFrame('through', { position, pages: 0, snapshot: 0, sig, at, settled: null })]
  }),
  forgery('old end before the answer', 'bound', (by) => again(by.heard('through'))),
]

/** Forged answers to requests. */
const ANSWERS: readonly Forgery[] = [
  forgery('history of another link', 'history', (by) => again(by.heard('history'))),
  forgery('seal of another link', 'seal', (by) => again(by.heard('seal'))),
  forgery('no seal', 'seal', (_, frame) => [reviewerFrame('seal', { ...frame, seal: null })]),
  forgery('me of another link', 'me', (by) => again(by.heard('me'))),
  forgery('author ids of others', 'me', (by, frame) => {
    const others = by.heard('tail')?.texts.match(/(?<=\n\[2,"[\w-]{22}",")[\w-]{22}/g)
    if (!others) return undefined
    const authorIds = [...frame.authorIds, ...others.map(spelt)]
    return [reviewerFrame('me', { ...frame, authorIds })]
  }),
  forgery('history that is cut', 'history', (_, frame) => [
    reviewerFrame('history', { ...frame, end: 'cut' }, frame.texts),
  ]),
]

/** Frames that are never signed: they delay, and decide nothing. */
const HINTS: readonly Forgery[] = [
  forgery('nack of what waits', 'welcome', (by) => {
    const message = by.waiting.at(-1)
    if (!message) return undefined
    const { sessionId } = message.session.facts
    const reason = by.random.pick(['unavailable', 'not_bound', 'busy', 'parent_unknown'] as const)
    const alone = by.random.chance(0.5)
    const clientSeqs = [message.clientSeq]
    return [
      reviewerFrame('nack', {
        reason,
        sessionId,
        clientSeqs,
        detail: 'a forgery',
        alone,
        sig: null,
      }),
    ]
  }),
  forgery('nack for another reason', 'nack', (by, frame) => {
    const reason = by.random.pick(['unknown_schema', 'unknown_history', 'unavailable'] as const)
    return [reviewerFrame('nack', { ...frame, reason })]
  }),
  forgery('nack of another link', 'nack', (by) => again(by.heard('nack'))),
  forgery('bound to nobody', 'bound', () => [
    reviewerFrame('bound', { sessionIds: [], forMs: null, why: null, may: null }),
  ]),
  forgery('bye', 'welcome', () => [reviewerFrame('bye', { reason: 'a forgery', code: null })]),
]

/** All forgeries, by their aim. */
export const CRAFTS: Readonly<Record<CraftName, readonly Forgery[]>> = {
  greetings: [...GREETINGS, { ...END_BY_ANOTHER, after: OTHER_REVIEWER }, ...OLD_ENDS],
  tails: TAILS,
  pages: PAGES,
  ends: ENDS,
  verdicts: VERDICTS,
  answers: ANSWERS,
  hints: HINTS,
}

export const FORGERIES: readonly Forgery[] = Object.values(CRAFTS).flat()

/** An id as frames in memory have it. */
function spelt(short: string): string {
  const hex = Buffer.from(short, 'base64url').toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

function changed(sig: string): string {
  return sig.slice(0, -1) + (sig.endsWith('a') ? 'b' : 'a')
}

function again(frame: ReviewerFrame | undefined): Told {
  return frame && [textOf(frame)]
}

/** The frame as it goes over the wire. */
export function textOf(frame: ReviewerFrame): string {
  const { kind, ...fields } = frame
  const write = reviewerFrame as (kind: Kind, fields: object, texts?: string) => string
  return 'texts' in fields ? write(kind, fields, fields.texts) : write(kind, fields)
}

function tail(frame: Frame<'tail'>, more: Partial<Frame<'tail'>>): Told {
  return [textOf({ ...frame, ...more })]
}

function partsOf({ texts, batches }: Frame<'tail'>): readonly string[] {
  return linesInParts(texts, batches)!
}

function ofParts(frame: Frame<'tail'>, parts: readonly string[]): Told {
  const batches = parts.map((part) => part.split('\n').length)
  return tail(frame, { batches, texts: parts.join('\n') })
}

/** With the position that these batches have, and a signature of another one. */
function rechained(by: Between, frame: Frame<'tail'>, parts: readonly string[]): Told {
  const span = spanOfBatch(parts[0]!)
  if (!span.ok) return undefined
  let seq = span.value.fromSeq - 1
  let chain = by.chainAt(seq)
  for (const part of parts) {
    const end = spanOfBatch(part)
    if (chain === undefined || !end.ok) return undefined
    const after = chainOfBatch(part, { before: { seq, chain }, sessions: [] })
    if (!after.ok) return undefined
    seq = end.value.throughSeq
    chain = after.value
  }
  if (chain === undefined) return undefined
  return ofParts({ ...frame, position: { ...frame.position, chain } }, parts)
}

function page({ snapshot }: Frame<'page'>, json: Json): Told {
  return [reviewerFrame('page', { snapshot }, JSON.stringify(json))]
}

/** The frame with another salt in the line of a message, which makes it another message. */
function withOtherSalt(batch: string): string | undefined {
  const lines = batch.split('\n')
  for (const [at, line] of lines.entries()) {
    const salt = /"([\w-]{16})"(?=[\],])/.exec(line)
    if (at === 0 || !salt || !/^\[\d+,-?\d+,/.test(line)) continue
    const other = `"${salt[1]!.slice(0, -1)}${salt[1]!.endsWith('A') ? 'B' : 'A'}"`
    return lines.with(at, line.replace(salt[0], other)).join('\n')
  }
  return undefined
}
