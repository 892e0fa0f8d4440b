/**
 * The open flushes of this session: their lines, encoded once, and which of these have a draft
 * record on disk. Lines contain no hash, so they are stored in the turn of the write; hashing and
 * sealing follow later.
 */
import { assert } from '../../base/assert.ts'
import type { Json } from '../../base/json.ts'
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
import type { PersonBinding, Identity } from '../identity/identity.ts'
import { openingMeta } from './sound-state.ts'

export interface FlushLogParts {
  readonly identity: Identity
  readonly random: Random
  readonly disk: Disk
  readonly limits: Limits
  readonly space: Uuid
  readonly mintedIn: (entityId: Uuid) => Uuid | undefined
}

/** A flush that is complete and hashed, ready to be signed. */
export interface WrittenFlush {
  readonly entries: readonly Entry[]
  readonly session: Session
  readonly text: FlushText
  readonly hashes: FlushHashes
  /** For each message, the output of `basesJson`. */
  readonly bases: readonly Json[]
  /** Keys of the draft records that the sealed flush replaces. */
  readonly records: readonly string[]
}

interface OpenFlush {
  readonly writer: FlushWriter
  readonly entries: Entry[]
  /** The number of the last line of each message. */
  readonly lastLines: number[]
  readonly bases: Json[]
  readonly records: string[]
  /** How many of its messages have a draft record. */
  recorded: number
  /** No message can be added any more. */
  isClosed: boolean
  /** Computed when the flush is sealed, or when the id of one of its messages is read. */
  hashes: FlushHashes | undefined
}

export class FlushLog {
  readonly #parts: FlushLogParts
  readonly #unwritten: Entry[] = []
  /** In the order of their numbers; messages are added to the last one only. */
  readonly #flushes: OpenFlush[] = []
  /** The lineage of the session line; undefined before the first message. */
  #eid: Uuid | null | undefined
  #session: Session | undefined
  /** Whether the opening of this session was stored with a draft record. */
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

  /** Passes draft records of all messages since the last call to the storage, synchronously. */
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

  /** Closes the last flush. Returns the number of flushes. */
  close(): number {
    this.#write()
    const last = this.#flushes.at(-1)
    if (last) last.isClosed = true
    return this.#flushes.length
  }

  /** Removes and returns the oldest flush; undefined where there is none. Requires a bound session. */
  take(): WrittenFlush | undefined {
    this.#write()
    const flush = this.#flushes.shift()
    if (!flush) return undefined
    const { entries, bases, records, writer } = flush
    const hashes = this.#identify(flush)
    return { entries, bases, records, hashes, text: writer.text, session: this.#bound() }
  }

  /** Computes the ids of all messages in the flush of an entry, and closes that flush. */
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
      // `append` sets the last line of each entry, and every line has a hash.
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

  #facts(binding: PersonBinding | undefined): Session['facts'] {
    const { space, identity } = this.#parts
    const personalCommit = binding?.personalCommit ?? UNBOUND
    return { space, ...identity.session, personalCommit, eid: this.#eid ?? null }
  }

  /** Encodes the messages that have no lines yet. */
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
    assert(seen, 'a message has the view of its author')
    if (this.#eid === undefined) this.#eid = seen.eid
    const session = this.#facts(this.#parts.identity.binding)
    const opening = { session, seen, baseTime: message.time }
    const flush: OpenFlush = {
      writer: new FlushWriter(opening, factBounds(this.#parts.limits)),
      entries: [],
      lastLines: [],
      bases: [],
      records: [],
      recorded: 0,
      isClosed: false,
      hashes: undefined,
    }
    const appended = append(flush, entry, message)
    assert(appended, `message ${message.clientSeq} fits into a flush of its own`)
    return flush
  }

  /** A draft record of the messages in a flush that have none; undefined where all have one. */
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
      bases: flush.bases.slice(recorded),
      head,
      lines: lines.slice(firstLine),
    }
    flush.recorded = entries.length
    // Not empty: `recorded` is less than the number of entries.
    const key = draftKey(sessionId, fresh[0]!.clientSeq)
    flush.records.push(key)
    return segment(key, 'draft', { ids: [], text: recordText(record) })
  }
}

/** Returns false where the message needs another flush: this one is closed, full, or has another `seen`. */
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
  flush.bases.push(basesJson(entry))
  flush.lastLines.push((flush.lastLines.at(-1) ?? -1) + message.salts.length)
  return true
}
