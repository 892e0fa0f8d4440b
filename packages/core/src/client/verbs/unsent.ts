/**
 * Unsent work as the text of a file, and its return: in another browser, under another key. Lines of JSON,
 * the first of which has the version, the space, and a checksum of the others.
 *
 *   {"countersign":"unsent","version":1,"space":…,"messages":2,"sum":…}
 *   {"name":…,"authorId":…,"sessionId":…,"timestamp":…,"changes":[…],"expects":[…]}     one for each message
 *
 * An imported message is a new message of the person who imports it. The name in the text, its session and
 * number, shows whether the message is here, was imported, or was accepted meanwhile. So a text may be
 * imported again, and a message that could not be written is then tried again.
 */
import { checksum } from '../../base/checksum.ts'
import { CountersignError } from '../../base/outcome.ts'
import { type Uuid, isUuid } from '../../base/uuid.ts'
import { numberName } from '../../history/names.ts'
import { type HeldChange, changesOf } from '../outbox/refused.ts'
import type { Imported, Unsent } from '../outbox/unsent.ts'
import type { Replica } from '../replica.ts'
import type { UnsentReport } from '../store.ts'
import { assertWritable } from './guards.ts'
import { type Rewritten, writeAgain } from './reauthor.ts'
import { yieldTurn } from './slices.ts'
import type { Writer } from './writer.ts'

const VERSION = 1
/** Key in `meta` of what was imported: names of messages, and new ids of rows. */
const IMPORTED = 'imported'
/** The newest are remembered. */
const IMPORTED_MAX = 20_000
/** Histories that are asked for at a time. */
const ASKED_MAX = 8
/** Messages that are written before the page gets a turn. */
const WRITTEN_MAX = 32

interface UnsentLine extends Rewritten {
  /** `numberName` of its session and number. */
  readonly name: string
  readonly timestamp: number
}

/** The unsent messages of a store, the oldest first. */
export async function exportUnsent(space: Uuid, unsent: Unsent): Promise<string> {
  await unsent.look()
  const waiting = unsent.waiting().map((entry): UnsentLine => {
    const { session, clientSeq, timestamp, expect = [] } = entry
    const expects = expect.map(({ entityId }) => entityId)
    const name = numberName(session.sessionId, clientSeq)
    return { name, ...session, timestamp, changes: changesOf(entry), expects }
  })
  const refused = [...unsent.refused.held()].map(
    ({ name, authorId, sessionId, timestamp, changes, expects }): UnsentLine => ({
      ...{ name, authorId, sessionId, timestamp, changes, expects },
    }),
  )
  const all = [...waiting, ...refused].sort((a, b) => a.timestamp - b.timestamp)
  const lines = all.map((line) => `${JSON.stringify(line)}\n`).join('')
  const first = { countersign: 'unsent', version: VERSION, space, messages: all.length }
  return `${JSON.stringify({ ...first, sum: checksum(lines) })}\n${lines}`
}

/** What an import needs. */
export interface UnsentImportParts {
  readonly space: Uuid
  readonly unsent: Unsent
  readonly replica: Replica
  readonly writer: Writer
}

/** Writes the messages of a text as new messages. */
export function importUnsent(text: string, parts: UnsentImportParts): Promise<UnsentReport> {
  return parts.unsent.inTurn(() => importAll(text, parts))
}

async function importAll(text: string, parts: UnsentImportParts): Promise<UnsentReport> {
  const { space, replica, writer, unsent } = parts
  writer.assertNotWriting('importUnsent')
  assertWritable(replica)
  const lines = linesIn(text, space)
  await unsent.look()
  const before = await importedBefore(unsent)
  const ids = new Map(before.ids)
  const done = new Set([...before.names, ...(await acceptedAmong(lines, replica))])
  for (const { session, clientSeq } of unsent.waiting())
    done.add(numberName(session.sessionId, clientSeq))
  for (const { name } of unsent.refused.held()) done.add(name)
  const fresh = lines.filter(({ name }) => !done.has(name))
  const { written, left } = await writeAll(fresh, { ids, replica, writer })
  if (written.length > 0) {
    await replica.flushed()
    const names = [...before.names, ...written].slice(-IMPORTED_MAX)
    const imported: Imported = { names, ids: [...ids].slice(-IMPORTED_MAX) }
    unsent.imported = imported
    await unsent.disk.write({ durability: 'strict', meta: [[IMPORTED, imported]] })
  }
  return { written: written.length, skipped: lines.length - fresh.length, left }
}

/** What one message needs may be in a later one, as clocks differ: what is left is tried again after each success. */
async function writeAll(
  lines: readonly UnsentLine[],
  {
    ids,
    replica,
    writer,
  }: { readonly ids: Map<Uuid, Uuid>; readonly replica: Replica; readonly writer: Writer },
): Promise<{ readonly written: readonly string[]; readonly left: UnsentReport['left'] }> {
  const written: string[] = []
  let waiting = lines
  for (;;) {
    const left: { readonly line: UnsentLine; readonly why: string }[] = []
    for (const [i, line] of waiting.entries()) {
      if (i % WRITTEN_MAX === WRITTEN_MAX - 1) await yieldTurn(replica.clock)
      const why = writeLine(line, { ids, replica, writer })
      if (why === undefined) written.push(line.name)
      else left.push({ line, why })
    }
    if (left.length === 0 || left.length === waiting.length)
      return { written, left: left.map(({ line, why }) => ({ timestamp: line.timestamp, why })) }
    waiting = left.map(({ line }) => line)
  }
}

/** Writes one message; in words why it cannot be written. */
function writeLine(
  line: UnsentLine,
  {
    ids,
    replica,
    writer,
  }: { readonly ids: Map<Uuid, Uuid>; readonly replica: Replica; readonly writer: Writer },
): string | undefined {
  // Ids count once their message is written.
  const tried = new Map(ids)
  try {
    assertWritable(replica)
    const expects = line.expects.map((id) => ids.get(id) ?? id)
    writer.message(() => writeAgain(line, { ids: tried, replica, writer }), { expects })
    for (const [from, to] of tried) ids.set(from, to)
    return undefined
  } catch (error) {
    if (error instanceof CountersignError) return error.message
    throw error
  }
}

/**
 * What was imported here, as the storage tells, or this store remembers where none works. Without an
 * answer, everything would be written again.
 */
async function importedBefore({ disk, imported: known }: Unsent): Promise<Imported> {
  if (!disk.handle) return known
  const stored = (await disk
    .call((handle) => handle.claim(IMPORTED, known))
    .catch(() => undefined)) as Partial<Imported> | null | undefined
  if (stored === undefined)
    throw new CountersignError('unavailable', 'the storage does not tell what was imported before')
  if (!Array.isArray(stored?.names) || !Array.isArray(stored.ids)) return known
  const { names, ids } = stored as Imported
  // What was written last may not be stored yet.
  return {
    names: [...new Set([...names, ...known.names])],
    ids: [...new Map([...ids, ...known.ids])],
  }
}

/**
 * Names of messages that the reviewer has accepted: by the histories of their rows, since this store may not
 * have these rows.
 */
async function acceptedAmong(
  lines: readonly UnsentLine[],
  replica: Replica,
): Promise<readonly string[]> {
  // Without a connection no message was ever sent, so none was accepted.
  if (replica.status.getState().connection === 'none') return []
  const rows = [...new Set(lines.flatMap(({ changes }) => changes.map((one) => one.entityId)))]
  const names: string[] = []
  for (let from = 0; from < rows.length; from += ASKED_MAX) {
    const asked = rows.slice(from, from + ASKED_MAX)
    for (const { messages } of await Promise.all(asked.map((id) => replica.messagesOf(id))))
      for (const { session, clientSeq } of messages)
        names.push(numberName(session.facts.sessionId, clientSeq))
  }
  return names
}

/** @throws CountersignError `invalid` */
function linesIn(text: string, space: Uuid): readonly UnsentLine[] {
  const end = text.indexOf('\n')
  const first = jsonIn(text.slice(0, end)) as Readonly<Record<string, unknown>> | null | undefined
  if (end < 0 || first?.['countersign'] !== 'unsent')
    throw invalid('it is not the text of an export of unsent work')
  if (first['version'] !== VERSION)
    throw invalid(`it is of version ${String(first['version'])}, and this build knows ${VERSION}`)
  if (first['space'] !== space) throw invalid(`it is of the space ${String(first['space'])}`)
  const rest = text.slice(end + 1)
  const lines = rest.split('\n').slice(0, -1)
  if (first['sum'] !== checksum(rest) || first['messages'] !== lines.length)
    throw invalid('it is damaged, or not whole')
  return lines.map((line, i) => {
    const found = jsonIn(line)
    if (!isUnsentLine(found)) throw invalid(`line ${i + 2} is not a message`)
    return found
  })
}

function isUnsentLine(value: unknown): value is UnsentLine {
  const line = value as Partial<UnsentLine> | null | undefined
  return (
    typeof line?.name === 'string' &&
    isUuid(line.authorId) &&
    isUuid(line.sessionId) &&
    typeof line.timestamp === 'number' &&
    Array.isArray(line.changes) &&
    line.changes.every(isChange) &&
    Array.isArray(line.expects) &&
    line.expects.every(isUuid)
  )
}

const KINDS: readonly unknown[] = ['create', 'update', 'resolve', 'migrate']

function isChange(change: Partial<HeldChange> | null): boolean {
  return (
    typeof change?.type === 'string' &&
    isUuid(change.entityId) &&
    KINDS.includes(change.kind) &&
    Number.isSafeInteger(change.version) &&
    typeof change.values === 'object' &&
    change.values !== null
  )
}

function invalid(why: string): CountersignError {
  return new CountersignError('invalid', `importUnsent: ${why}`)
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
