/**
 * Which drafts of this session have a provisional record on the disk: written in the turn of the
 * write, dropped by the flush that seals its last message. Owns their salts until then.
 */
import type { Uuid } from '../base/uuid.ts'
import type { Entry } from '../history/entry.ts'
import { drawSalts } from '../messaging/materialize.ts'
import type { Random } from '../ports/random.ts'
import { type Disk, segment } from './disk.ts'
import { UNBOUND, draftKey, draftText, recordText } from './drafts.ts'
import type { Identity } from './identity.ts'
import { openingMeta } from './sound-state.ts'

/** Characters of one record, unless one message alone has more: the browser clones it in one go. */
const RECORD_CHARS_AIM = 262_144

export interface DraftLogParts {
  readonly identity: Identity
  readonly random: Random
  readonly disk: Disk
  readonly mintedIn: (entityId: Uuid) => Uuid | undefined
}

export class DraftLog {
  readonly #parts: DraftLogParts
  #unwritten: Entry[] = []
  /** Whether a record of this session brought its opening along. */
  #hasOpening = false
  readonly #salts = new Map<Entry, readonly string[]>()
  /** In the order of their numbers. */
  #records: { readonly key: string; readonly lastSeq: number }[] = []

  constructor(parts: DraftLogParts) {
    this.#parts = parts
  }

  add(entry: Entry): void {
    this.#unwritten.push(entry)
  }

  /** The salts of its message, drawn once. Forgotten with the call: a message is made once. */
  takeSalts(entry: Entry): readonly string[] {
    const salts = this.#salts.get(entry)
    this.#salts.delete(entry)
    return salts ?? drawSalts(entry, this.#parts.random)
  }

  /** Hands what was written since the last call to the storage, before this call returns. */
  write(saltsOfMade: (entry: Entry) => readonly string[] | undefined): void {
    const entries = this.#unwritten
    if (entries.length === 0) return
    this.#unwritten = []
    const { disk, identity, random, mintedIn } = this.#parts
    if (!disk.handle || disk.trouble) return
    const { binding } = identity
    const texts = entries.map((entry) => {
      const made = saltsOfMade(entry)
      const salts = made ?? drawSalts(entry, random)
      if (!made) this.#salts.set(entry, salts)
      return draftText(entry, salts, mintedIn)
    })
    disk.writeAtOnce({
      segments: this.#inRecords(entries, texts),
      ...(binding && !this.#hasOpening && { meta: openingMeta(binding.opening) }),
    })
    this.#hasOpening ||= binding !== undefined
  }

  /** Keys of the records that a flush which ends with that number completes. */
  replacedUpTo(clientSeq: number): readonly string[] {
    const replaced = this.#records.filter(({ lastSeq }) => lastSeq <= clientSeq)
    this.#records = this.#records.slice(replaced.length)
    return replaced.map(({ key }) => key)
  }

  #inRecords(entries: readonly Entry[], texts: readonly string[]): ReturnType<typeof segment>[] {
    const { session, binding } = this.#parts.identity
    const facts = { ...session, personalCommit: binding?.personalCommit ?? UNBOUND }
    const segments: ReturnType<typeof segment>[] = []
    for (let next = 0; next < texts.length;) {
      const first = next
      for (let chars = 0; next < texts.length && chars < RECORD_CHARS_AIM; next++)
        chars += texts[next]!.length
      const key = draftKey(session.sessionId, entries[first]!.clientSeq)
      this.#records.push({ key, lastSeq: entries[next - 1]!.clientSeq })
      segments.push(
        segment(key, 'draft', { ids: [], text: recordText(facts, texts.slice(first, next)) }),
      )
    }
    return segments
  }
}
