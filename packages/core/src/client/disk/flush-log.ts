/**
 * The flushes of this session that are being written: their lines, made once, and which of these
 * have a provisional record on the disk. Lines depend on no hash, so they are stored in the turn of
 * the write; hash and seal come later.
 */
import { assert } from '../../base/assert.ts'
import type { Uuid } from '../../base/uuid.ts'
import { factBounds } from '../../facts/bounds.ts'
import { FlushWriter } from '../../facts/flush-writer.ts'
import { flushHashes, messageId } from '../../facts/hashes.ts'
import { composeSession } from '../../facts/session-line.ts'
import type { FlushHashes, FlushText, Message, Session } from '../../facts/types.ts'
import type { Entry } from '../../history/entry.ts'
import { drawSalts, toMessage } from '../../history/to-message.ts'
import type { Limits } from '../../facts/limits.ts'
import type { Random } from '../../ports/random.ts'
import { type Disk, segment } from './disk.ts'
import { type DraftRecord, UNBOUND, basesJson, draftKey, recordText } from './drafts.ts'
import type { Binding, Identity } from '../identity/identity.ts'
import { openingMeta } from './sound-state.ts'

export interface FlushLogParts {
  readonly identity: Identity
  readonly random: Random
  readonly disk: Disk
  readonly limits: Limits
  readonly space: Uuid
  readonly mintedIn: (entityId: Uuid) => Uuid | undefined
}

/** A flush whose messages are all written. */
export interface WrittenFlush {
  readonly entries: readonly Entry[]
  readonly session: Session
  readonly text: FlushText
  readonly hashes: FlushHashes
  /** Keys of the provisional records that its seal takes the place of. */
  readonly records: readonly string[]
}

interface OpenFlush {
  readonly writer: FlushWriter
  readonly entries: Entry[]
  /** Number of the last line of each message. */
  readonly lastLines: number[]
  readonly records: string[]
  /** How many of its messages have a record. */
  recorded: number
  /** Nothing is added any more. */
  isClosed: boolean
  /** Made when it is closed and sealed, or when somebody asks for an id of it. */
  hashes: FlushHashes | undefined
}

export class FlushLog {
  readonly #parts: FlushLogParts
  readonly #unwritten: Entry[] = []
  /** In the order of their numbers; only the last one may grow. */
  readonly #flushes: OpenFlush[] = []
  /** The lineage of the session line; undefined before the first message. */
  #eid: Uuid | null | undefined
  #session: Session | undefined
  /** Whether a record of this session brought its opening along. */
  #hasOpening = false

  constructor(parts: FlushLogParts) {
    this.#parts = parts
  }

  get isEmpty(): boolean {
    return this.#unwritten.length === 0 && this.#flushes.length === 0
  }

  add(entry: Entry): void {
    this.#unwritten.push(entry)
  }

  /** Hands what was written since the last call to the storage, before this call returns. */
  record(): void {
    const { disk, identity } = this.#parts
    if (this.#unwritten.length === 0 || !disk.handle || disk.trouble) return
    this.#write()
    const { binding } = identity
    disk.writeAtOnce({
      segments: this.#flushes.flatMap((flush) => this.#recordOf(flush) ?? []),
      ...(binding && !this.#hasOpening && { meta: openingMeta(binding.opening) }),
    })
    this.#hasOpening ||= binding !== undefined
  }

  /** Nothing is added to what is written so far. Returns how many flushes that is. */
  close(): number {
    this.#write()
    const last = this.#flushes.at(-1)
    if (last) last.isClosed = true
    return this.#flushes.length
  }

  /** Takes the oldest flush out; undefined where there is none. The session is bound. */
  take(): WrittenFlush | undefined {
    this.#write()
    const flush = this.#flushes.shift()
    if (!flush) return undefined
    const { entries, records, writer } = flush
    const hashes = this.#identify(flush)
    return { entries, records, hashes, text: writer.text, session: this.#bound() }
  }

  /** Gives the messages of an entry's flush their ids; nothing is added to that flush any more. */
  identify(entry: Entry): readonly Entry[] {
    this.#write()
    const flush = this.#flushes.find(({ entries }) => entries.includes(entry))
    assert(flush, 'a message of this session that has no id is in an open flush')
    this.#identify(flush)
    return flush.entries
  }

  #identify(flush: OpenFlush): FlushHashes {
    if (flush.hashes) return flush.hashes
    const hashes = flushHashes(this.#bound().hash, flush.writer.text)
    for (const [i, entry] of flush.entries.entries()) {
      // Each entry has its last line noted, and each line is hashed.
      const hash = hashes.lines[flush.lastLines[i]!]!
      entry.identify(messageId(hash), hash)
    }
    flush.isClosed = true
    flush.hashes = hashes
    return hashes
  }

  #bound(): Session {
    const { identity } = this.#parts
    assert(identity.binding, 'ids and seals need the personal id of the author')
    return (this.#session ??= composeSession(this.#facts(identity.binding)))
  }

  #facts(binding: Binding | undefined): Session['facts'] {
    const { space, identity } = this.#parts
    const personalCommit = binding?.personalCommit ?? UNBOUND
    return { space, ...identity.session, personalCommit, eid: this.#eid ?? null }
  }

  /** Makes the lines of what has none. */
  #write(): void {
    for (const entry of this.#unwritten) {
      const salts = drawSalts(entry, this.#parts.random)
      const message = toMessage(entry, salts, this.#parts.mintedIn)
      const last = this.#flushes.at(-1)
      if (!last || !append(last, entry, message)) this.#flushes.push(this.#open(entry, message))
    }
    this.#unwritten.length = 0
  }

  #open(entry: Entry, message: Message): OpenFlush {
    const { seen } = entry
    assert(seen, 'a message says what its author had seen')
    if (this.#eid === undefined) this.#eid = seen.eid
    const session = this.#facts(this.#parts.identity.binding)
    const opening = { session, seen, baseTime: message.time }
    const flush: OpenFlush = {
      writer: new FlushWriter(opening, factBounds(this.#parts.limits)),
      entries: [],
      lastLines: [],
      records: [],
      recorded: 0,
      isClosed: false,
      hashes: undefined,
    }
    const appended = append(flush, entry, message)
    assert(appended, `message ${message.clientSeq} fits into a flush of its own`)
    return flush
  }

  /** The record of what has none in a flush; undefined where all of it has one. */
  #recordOf(flush: OpenFlush): ReturnType<typeof segment> | undefined {
    const { entries, writer, lastLines, recorded } = flush
    if (recorded === entries.length) return undefined
    const firstLine = recorded === 0 ? 0 : lastLines[recorded - 1]! + 1
    const fresh = entries.slice(recorded)
    const { head, lines } = writer.text
    const { authorId, sessionId, personalCommit, eid } = this.#facts(this.#parts.identity.binding)
    const record: DraftRecord = {
      ...{ authorId, sessionId, personalCommit, eid },
      flushSeq: entries[0]!.clientSeq,
      firstLine,
      names: writer.namesBefore(firstLine),
      bases: fresh.map(basesJson),
      head,
      lines: lines.slice(firstLine),
    }
    flush.recorded = entries.length
    // A record is made of fresh entries only.
    const key = draftKey(sessionId, fresh[0]!.clientSeq)
    flush.records.push(key)
    return segment(key, 'draft', { ids: [], text: recordText(record) })
  }
}

/** False where the message belongs into another flush: this one is closed or full, or its view is another. */
function append(flush: OpenFlush, entry: Entry, message: Message): boolean {
  const [first] = flush.entries
  if (flush.isClosed || (first && first.seen !== entry.seen)) return false
  const appended = flush.writer.append(message)
  if (!appended.ok) {
    assert(appended.error.code === 'flush_full', appended.error.message)
    flush.isClosed = true
    return false
  }
  flush.entries.push(entry)
  flush.lastLines.push((flush.lastLines.at(-1) ?? -1) + message.salts.length)
  return true
}
