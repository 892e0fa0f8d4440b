// Owns: one session of an author: what it knows of its own messages, how it fills a flush (AUT), and
// the openings and seals that it signs.

import {
  type Key,
  canonical,
  chainPrefix,
  idOfKey,
  mintedId,
  randomText,
  shortId,
  valueHash,
} from './encode.ts'
import {
  type Change,
  type Kind,
  type Message,
  type Names,
  type Seen,
  type Session,
  composeFlush,
  flushHashes,
  messageId,
  sealHash,
  sessionLine,
} from './flush.ts'
import { type State, type Write, applied, rowOf, writesOf } from './fold.ts'
import { type Json, demand } from './refusal.ts'
import type { Position, Rejection } from './verify.ts'

export interface Edit {
  kind: Kind
  type: string
  entityId: string
  values: { [register: string]: Json }
}

export interface OwnMessage {
  id: string
  hash: string
  message: Message
  seen: Seen
  session: Session
  state: 'pending' | 'accepted' | 'rejected' | 'blocked'
  seq?: number
  rejection?: Rejection
}

export interface OwnFlush {
  seal: string
  sessionLine: string
  lines: string[]
  messages: OwnMessage[]
}

/** What the author has in view when it writes. */
export interface View {
  /** Null: it has met no reviewer. */
  position: Position | null
  state(entityId: string): State | undefined
}

export class Author {
  readonly flushes: OwnFlush[] = []
  readonly authorId: string
  readonly sessionId: string = crypto.randomUUID()
  readonly #key: Key
  readonly #space: string
  readonly #personalId: string
  readonly #salt = randomText(16)
  readonly #personalCommit: string
  #session: Session | undefined
  #minted = 0
  #written = 0

  constructor(space: string, key: Key, personalId: string) {
    this.#space = space
    this.#key = key
    this.#personalId = personalId
    this.authorId = idOfKey(key.publicKey)
    this.#personalCommit = valueHash('cs/personal', [space, personalId, this.#salt])
  }

  get messages(): OwnMessage[] {
    return this.flushes.flatMap(({ messages }) => messages)
  }

  get pending(): OwnMessage[] {
    return this.messages.filter(({ state }) => state === 'pending')
  }

  /** WHO4, WHO7: what binds the session over one link. */
  opening(nonce: string): Json[] {
    const grant = [this.#space, this.authorId, this.sessionId, this.#personalCommit]
    const proof = [nonce, shortId(this.#space), shortId(this.sessionId)]
    return [
      shortId(this.authorId),
      this.#key.publicKey,
      shortId(this.sessionId),
      this.#personalId,
      this.#salt,
      this.#key.sign(valueHash('cs/grant', grant)),
      this.#key.sign(valueHash('cs/bind', proof)),
    ]
  }

  mint(): string {
    const id = mintedId([this.#space, this.authorId, this.sessionId], this.#minted)
    this.#minted += 1
    return id
  }

  /** Seals the messages, each with its edits, as one flush. */
  write(messages: readonly (readonly Edit[])[], view: View): OwnFlush {
    const session = this.#sessionAt(view.position)
    const seen = this.#seen(view.position)
    const drafts: Message[] = []
    // What the messages before it in the flush have written is in view of the next one.
    const drafted = new Map<string, State>()
    const stateOf = (id: string): State | undefined => drafted.get(id) ?? view.state(id)
    for (const edits of messages) {
      this.#written += 1
      const clientSeq = this.#written
      const message: Message = {
        clientSeq,
        time: Date.now(),
        salts: edits.map(() => randomText(12)),
        changes: edits.map((edit) => this.#change(edit, stateOf(edit.entityId), seen)),
      }
      if (edits.length > 1) message.salts.push(randomText(12))
      drafts.push(message)
      const facts = { id: `draft ${clientSeq}`, session, seen, canonical: null }
      for (const { entityId, type, write } of writesOf(message, facts, null)) {
        drafted.set(entityId, applied(stateOf(entityId), type, write))
      }
    }
    return this.#sealed(session, seen, drafts)
  }

  /** MSG6: the lineage that was followed at the first message. */
  #sessionAt(position: Position | null): Session {
    this.#session ??= {
      space: this.#space,
      authorId: this.authorId,
      sessionId: this.sessionId,
      personalCommit: this.#personalCommit,
      eid: position?.eid ?? null,
    }
    return this.#session
  }

  /** AUT1. */
  #seen(position: Position | null): Seen {
    const seq = position?.seq ?? 0
    const from = this.pending[0]?.message.clientSeq ?? this.#written + 1
    const refused = this.messages.filter(({ state }) => state !== 'pending' && state !== 'accepted')
    return {
      seq,
      chain: seq === 0 ? '' : chainPrefix(position!.chain),
      from,
      except: refused.map(({ message }) => message.clientSeq).filter((own) => own >= from),
      eid: seq === 0 ? null : position!.eid,
    }
  }

  #change(edit: Edit, state: State | undefined, seen: Seen): Change {
    const { kind, type, entityId } = edit
    const regs = Object.keys(edit.values).sort()
    const values = regs.map((register) => edit.values[register]!)
    const shape = { type, kind, schemaVersion: 1, regs }
    if (kind === 'create') {
      return { shape, entityId, parents: this.#names([], seen), values }
    }
    demand(state !== undefined, 'MSG1', 'nothing to change')
    const change: Change = { shape, entityId, parents: this.#names(state.heads, seen), values }
    const keep = kind === 'update' ? this.#keep(entityId, state, regs, seen) : []
    return keep.length > 0 ? { ...change, keep } : change
  }

  /** AUT3: canonical ones by seq, own ones by number. */
  #names(writes: readonly Write[], seen: Seen): Names {
    const seqs = writes.map((write) => write.canonical?.seq ?? Infinity)
    const own = writes.filter((_, i) => seqs[i]! > seen.seq).map(({ clientSeq }) => clientSeq)
    return {
      canonical: seqs.filter((seq) => seq <= seen.seq).sort((a, b) => a - b),
      own: own.sort((a, b) => a - b),
      others: [],
    }
  }

  /** CONF7: an update decides no conflict; the other candidates stay. */
  #keep(entityId: string, state: State, regs: readonly string[], seen: Seen) {
    const row = rowOf(entityId, state, this.authorId)
    return regs.flatMap((reg) => {
      if (row.conflicts[reg] === undefined) return []
      const shown = canonical(row.values[reg] ?? { $unset: true })
      const others = state.live
        .get(reg)!
        .filter((write) => canonical(write.values.get(reg)!) !== shown)
      return [{ reg, names: this.#names(others, seen) }]
    })
  }

  #sealed(session: Session, seen: Seen, messages: readonly Message[]): OwnFlush {
    const line = sessionLine(session)
    const lines = composeFlush(session, seen, messages)
    const hashes = flushHashes(line, lines)
    let end = 0
    const flush: OwnFlush = {
      seal: this.#key.sign(sealHash(hashes)),
      sessionLine: line,
      lines,
      messages: messages.map((message) => {
        end += message.salts.length
        const hash = hashes[end]!
        return { id: messageId(hash), hash, message, seen, session, state: 'pending' }
      }),
    }
    this.flushes.push(flush)
    return flush
  }

  /** VRD3: out of the view, with what was written on it. */
  reject(of: OwnMessage, rejection: Rejection): void {
    of.state = 'rejected'
    of.rejection = rejection
    const gone = new Set([of.message.clientSeq])
    for (const later of this.pending) {
      const named = later.message.changes.some(({ parents }) =>
        parents.own.some((own) => gone.has(own)),
      )
      if (!named) continue
      gone.add(later.message.clientSeq)
      later.state = 'blocked'
    }
  }
}
