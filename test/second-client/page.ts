// Owns: reading a page of a snapshot as states of entities (SNAP4, SNAP5).

import type { Base, State, Write } from './fold.ts'
import type { Span } from './flush.ts'
import { type Json, count, counts, demand, list, parse, text } from './refusal.ts'

type MessageFacts = Pick<
  Write,
  'messageId' | 'authorId' | 'sessionId' | 'clientSeq' | 'seen' | 'canonical'
>

export function readPage(content: string): Map<string, State> {
  const [messages, entities] = list(parse(content, 'SNAP4'), 'SNAP4', 2)
  return new Page(list(messages, 'SNAP4')).read(list(entities, 'SNAP4'))
}

/** A ref is counted where it comes first; so messages are read when a write first names them. */
class Page {
  readonly #messages: Json[]
  readonly #read = new Map<number, MessageFacts>()
  readonly #texts: string[] = []

  constructor(messages: Json[]) {
    this.#messages = messages
  }

  read(entities: readonly Json[]): Map<string, State> {
    return new Map(entities.map((entity) => this.#entity(list(entity, 'SNAP4', 7))))
  }

  #ref(json: Json | undefined): string {
    if (typeof json === 'number') {
      const before = this.#texts[json]
      demand(before !== undefined, 'SNAP4', 'a ref to a number that was not given yet')
      return before
    }
    this.#texts.push(text(json, 'SNAP4'))
    return this.#texts.at(-1)!
  }

  #message(number: number): MessageFacts {
    const known = this.#read.get(number)
    if (known !== undefined) return known
    const packed = list(this.#messages[number], 'SNAP4', 13)
    const [id, author, session, clientSeq, seen, reviewer, eid, epoch, seq] = packed
    const [authorId, sessionId] = [this.#ref(author), this.#ref(session)]
    const [lineage, upTo, from, except] = list(seen, 'SNAP4', 4)
    const seenEid = lineage === 0 ? null : this.#ref(lineage)
    this.#ref(reviewer)
    const facts: MessageFacts = {
      messageId: text(id, 'SNAP4'),
      authorId,
      sessionId,
      clientSeq: count(clientSeq, 'SNAP4'),
      seen: {
        eid: seenEid,
        seq: count(upTo, 'SNAP4'),
        from: count(from, 'SNAP4'),
        except: counts(except, 'SNAP4'),
      },
      canonical: {
        eid: this.#ref(eid),
        epoch: count(epoch, 'SNAP4'),
        seq: count(seq, 'SNAP4'),
        places: this.#places(packed[11]),
        reads: this.#places(packed[12]),
      },
    }
    this.#read.set(number, facts)
    return facts
  }

  #places(places: Json | undefined): { eid: string; seq: number }[] {
    return list(places ?? [], 'SNAP4').map((place) => {
      const [eid, seq] = list(place, 'SNAP4', 2)
      return { eid: this.#ref(eid), seq: count(seq, 'SNAP4') }
    })
  }

  #entity([type, id, writes, heads, linear, bases]: Json[]): [string, State] {
    const typeName = this.#ref(type)
    const read = list(writes, 'SNAP5').map((write) => this.#write(list(write, 'SNAP4', 8)))
    const [root] = read
    demand(root !== undefined, 'SNAP5', 'an entity without a root')
    const live = new Map<string, Write[]>()
    for (const write of read) {
      for (const register of write.values.keys()) {
        live.set(register, [...(live.get(register) ?? []), write])
      }
    }
    const state: State = {
      type: typeName,
      root,
      heads: counts(heads, 'SNAP5').map((number) => {
        const head = read[number]
        demand(head !== undefined, 'SNAP5', 'a head that is no write')
        return head
      }),
      live,
      linear: linear === 1,
      bases: new Map(list(bases ?? [], 'SNAP4').map((base) => this.#base(list(base, 'SNAP4', 2)))),
    }
    return [text(id, 'SNAP4'), state]
  }

  #write([message, index, schemaVersion, registers, values, create, cut, own]: Json[]): Write {
    const facts = this.#message(count(message, 'SNAP4'))
    const names = list(registers, 'SNAP4').map((register) => this.#ref(register))
    const held = list(values, 'SNAP4')
    const spans = typeof own === 'object' ? list(own, 'SNAP4') : []
    return {
      ...facts,
      index: count(index, 'SNAP4'),
      schemaVersion: count(schemaVersion, 'SNAP4'),
      create: create === 1,
      values: new Map(names.map((name, i) => [name, held[i]!])),
      cut: typeof cut === 'number' && cut > 0 ? cut - 1 : null,
      spans: spans.map((span) => this.#span(list(span, 'SNAP4', 4))),
      keep: new Map(),
      bases: new Map(),
    }
  }

  #span([session, from, clientSeq, except]: Json[]): Span {
    return {
      sessionId: this.#ref(session),
      from: count(from, 'SNAP4'),
      clientSeq: count(clientSeq, 'SNAP4'),
      except: counts(except, 'SNAP4'),
    }
  }

  #base([register, told]: Json[]): [string, Base] {
    const name = this.#ref(register)
    if (told === 0) return [name, 'unknown']
    const [, value] = list(told, 'SNAP4', 2)
    return [name, value === undefined ? 'nothing' : { value }]
  }
}
