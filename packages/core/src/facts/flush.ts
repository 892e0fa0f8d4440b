/**
 * A flush: composed from plain data, or parsed from untrusted text. Both give the same value for
 * the same text. The caller makes and verifies signatures, over `sealBytes`.
 */
import { type Outcome, ok } from '../base/outcome.ts'
import { type Bytes, addBytes, isLongerThan } from '../base/size.ts'
import { FACT_BOUNDS, type FactBounds } from './bounds.ts'
import type { FlushContext } from './change.ts'
import { EntityNames } from './entity-names.ts'
import { FlushWriter } from './flush-writer.ts'
import { flushHashes, messageId } from './hashes.ts'
import { headOf } from './head-line.ts'
import { lineBytes, linesOf, parseLine, textOfLines } from './line.ts'
import { outcomeOf, refuse } from './malformed.ts'
import { innerLineOf, isInner, messageOf, outerLineOf } from './message-lines.ts'
import type {
  AuthoredMessage,
  Flush,
  FlushText,
  Message,
  Seen,
  Session,
  SessionFacts,
  Shape,
} from './types.ts'

/**
 * Composes a flush of the messages, in the order of their clientSeq. Errors: `flush_full`, too
 * many for one flush; `too_large`, one of them exceeds its bound.
 */
export function composeFlush(
  session: Session,
  { seen, messages }: { readonly seen: Seen; readonly messages: readonly Message[] },
  bounds: FactBounds = FACT_BOUNDS,
): Outcome<Flush> {
  const opening = { session: session.facts, seen, baseTime: messages[0]?.time ?? 0 }
  const writer = new FlushWriter(opening, bounds)
  for (const message of messages) {
    const appended = writer.append(message)
    if (!appended.ok) return appended
  }
  const { head, text, bytes } = writer
  return ok({ head, messages, text, bytes, ...hashesAndIds(session, text, messages) })
}

/** The messages of a flush, each with its id. */
export function authoredIn(
  { head, messages, ids, hashes }: Flush,
  session: Session,
): AuthoredMessage[] {
  let line = 0
  return messages.map((message, i) => {
    line += message.salts.length
    return { ...message, id: ids[i]!, hash: hashes.lines[line - 1]!, session, seen: head.seen }
  })
}

/** The text of a flush in a journal or an offer: the head line, then its lines. */
export function textOfFlush({ head, lines }: FlushText): string {
  return textOfLines([head, ...lines])
}

/**
 * Parses an untrusted flush of a session. Never throws. Errors: `invalid`, not well formed;
 * `too_large`, above a bound.
 */
export function readFlush(
  session: Session,
  text: string,
  bounds: FactBounds = FACT_BOUNDS,
): Outcome<Flush> {
  return outcomeOf(() => flushOf(session, text, bounds))
}

/** Some lines of a flush, without the others. */
export interface FlushPart extends FlushText {
  readonly seen: Seen
  readonly messages: readonly Message[]
}

/**
 * Parses untrusted lines of a flush from line `firstLine` on, as whole messages. `entities` has the
 * entities of earlier lines; those of these lines are added. Never throws. Errors as `readFlush`;
 * ids and seals need the whole flush.
 */
export function readPart(
  session: SessionFacts,
  { head: headLine, lines }: FlushText,
  {
    firstLine,
    entities,
    bounds = FACT_BOUNDS,
  }: {
    readonly firstLine: number
    readonly entities: EntityNames
    readonly bounds?: FactBounds
  },
): Outcome<FlushPart> {
  return outcomeOf(() => {
    const head = headOf(headLine, session, bounds)
    const messages = messagesOf(lines, { session, head, entities, bounds }, firstLine)
    return { head: headLine, lines, seen: head.seen, messages }
  })
}

function flushOf(session: Session, text: string, bounds: FactBounds): Flush {
  if (isLongerThan(text, Math.max(bounds.messageBytesMax, bounds.flushBytesMax)))
    refuse(`a flush is longer than ${bounds.messageBytesMax} bytes`, 'too_large')
  const [headLine = '', ...lines] = linesOf(text)
  const head = headOf(headLine, session.facts, bounds)
  const context = { session: session.facts, head, entities: new EntityNames(), bounds }
  const messages = messagesOf(lines, context)
  checkFlush(messages, context)
  checkShapes(messages, head.shapes)
  const bytes = [headLine, ...lines].map(lineBytes).reduce(addBytes)
  checkBytes(bytes, messages.length, bounds)
  const flushText = { head: headLine, lines }
  return { head, messages, text: flushText, bytes, ...hashesAndIds(session, flushText, messages) }
}

function hashesAndIds(
  session: Session,
  text: FlushText,
  messages: readonly Message[],
): Pick<Flush, 'hashes' | 'ids'> {
  const hashes = flushHashes(session.hash, text)
  let line = 0
  const ids = messages.map(({ salts }) => {
    line += salts.length
    return messageId(hashes.lines[line - 1]!)
  })
  return { hashes, ids }
}

function messagesOf(
  lines: readonly string[],
  context: FlushContext,
  firstLine = 0,
): readonly Message[] {
  const messages: Message[] = []
  let inner: (readonly unknown[])[] = []
  for (const [i, text] of lines.entries()) {
    const list = parseLine(text, `line ${i}`)
    if (isInner(list)) {
      inner.push(list)
      continue
    }
    const outer = outerLineOf(list, context)
    if (outer.inner !== inner.length)
      refuse(`line ${i}: ${outer.inner} changes are announced, ${inner.length} precede it`)
    const line = firstLine + i
    messages.push(messageOf(outer, inner.map(innerLineOf), { line, context }))
    inner = []
  }
  if (inner.length > 0) refuse('the changes at the end belong to no message')
  return messages
}

function checkFlush(messages: readonly Message[], { head, bounds }: FlushContext): void {
  const first = messages[0] ?? refuse('a flush has at least one message')
  if (messages.length > bounds.flushMessagesMax)
    refuse(`a flush has at most ${bounds.flushMessagesMax} messages`, 'too_large')
  for (const [i, { clientSeq }] of messages.entries())
    if (i > 0 && clientSeq <= messages[i - 1]!.clientSeq) refuse('clientSeq must ascend in a flush')
  if (first.time !== head.baseTime) refuse('baseTime must be the time of the first message')
  if (head.seen.from > first.clientSeq || (head.seen.except.at(-1) ?? 0) >= first.clientSeq)
    refuse('seen: from and except must precede the first message')
}

/** A reader of a part of a flush cannot check this; the reader of the whole flush does. */
function checkShapes(messages: readonly Message[], shapes: readonly Shape[]): void {
  const used = new Set(messages.flatMap(({ changes }) => changes.map(({ shape }) => shape)))
  if (used.size !== shapes.length || [...used].some((shape, i) => shape !== shapes[i]))
    refuse('shapes must be in the order of their first use')
}

function checkBytes(bytes: Bytes, messages: number, bounds: FactBounds): void {
  const max = messages === 1 ? bounds.messageBytesMax : bounds.flushBytesMax
  if (bytes > max) refuse(`a flush of ${messages} has at most ${max} bytes`, 'too_large')
}
