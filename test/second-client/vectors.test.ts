// Owns: that the second client computes the vectors of core's SPEC, from their texts alone.

import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { chainAfterRecord, readBatch } from './batch.ts'
import {
  canonical,
  checksum,
  idOfKey,
  isSigned,
  keyFrom,
  mintedId,
  shortId,
  textHash,
  valueHash,
} from './encode.ts'
import {
  type Message,
  type Seen,
  type Session,
  composeFlush,
  flushHashes,
  messageId,
  readFlush,
  readSessionLine,
  sealHash,
  sessionLine,
} from './flush.ts'
import { type Write, applied, rowOf, saw, writesOf } from './fold.ts'
import { readPage } from './page.ts'
import type { Json } from './refusal.ts'
import {
  type Followed,
  checkAccepted,
  checkGreeting,
  checkHistory,
  checkPosition,
  checkRejection,
  checkSnapshot,
  listHash,
  pageHash,
  positionHash,
} from './verify.ts'
import { Parts, cutFrame, cutTexts, readFrame } from './wire.ts'

const folder = new URL('./', import.meta.url)
const vectors = new URL('../../packages/core/vectors/', folder)

function vectorsOf<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, vectors), 'utf8')) as T
}

interface Flushes {
  read: {
    name: string
    means: { session: Session; seen: Seen; messages: Message[] }
    session: string
    text: string
    hashes: { session: string; head: string; lines: string[] }
    ids: string[]
    seal: string
  }[]
  refused: { name: string; text: string; session: string }[]
}
interface Batches {
  space: string
  eid: string
  genesis: { text: string; chain: string; position: string }
  epoch: { text: string; chain: string; position: string }
  batch: { [form: string]: string }
  rest: { text: string; chain: string; position: string }
  redact: { text: string; chain: string; position: string }
}
interface Party {
  seed: string
  publicKey: string
  id: string
  sessionId: string
}
interface Exchange {
  space: string
  parties: { [name: string]: Party }
  entity: { id: string; counter: number }
  frames: { link: string; from: string; text: string }[]
  hashes: { of: string; tag: string; text?: string; value?: Json; hash: string }[]
  signatures: { of: string; by: string; tag: string; value: Json; sig: string }[]
}

const flushes = vectorsOf<Flushes>('flushes.json')
const batches = vectorsOf<Batches>('batches.json')
const exchange = vectorsOf<Exchange>('exchange.json')

it('knows nothing of the product: no file of the client imports from it', () => {
  const files = readdirSync(folder).filter((name) => !name.endsWith('.test.ts'))
  expect(files.length).toBeGreaterThan(6)
  for (const name of files) {
    const source = readFileSync(new URL(name, folder), 'utf8')
    const imports = [...source.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, of]) => of!)
    const known = imports.filter((of) => /^(?:\.\/[\w-]+\.ts|node:\w+|socket\.io-client)$/.test(of))
    expect(imports, name).toEqual(known)
  }
})

describe('flushes.json', () => {
  it.each(flushes.read)('reads and composes: $name', ({ means, session, text, ...told }) => {
    expect(sessionLine(means.session)).toBe(session)
    expect(readSessionLine(session)).toEqual(means.session)
    expect(composeFlush(means.session, means.seen, means.messages).join('\n')).toBe(text)
    const read = readFlush(means.session, text)
    expect(read.head.seen).toEqual(means.seen)
    expect(read.messages).toEqual(means.messages)
    const hashes = flushHashes(session, text.split('\n'))
    expect(hashes).toEqual([told.hashes.head, ...told.hashes.lines])
    expect(Buffer.from(sealHash(hashes), 'base64url').toString('hex')).toBe(told.seal)
    let end = 0
    const ids = read.messages.map(({ salts }) => messageId(hashes[(end += salts.length)]!))
    expect(ids).toEqual(told.ids)
  })

  it.each(flushes.refused)('refuses: $name', ({ session, text }) => {
    expect(() => readFlush(readSessionLine(session), text)).toThrow(/^(?:FACT|BYTE)\d+: /)
  })
})

describe('batches.json', () => {
  const { batch, epoch, rest, redact } = batches
  const positionOf = (seq: number, chain: string): string => {
    const hash = positionHash(batches.space, { eid: batches.eid, epoch: 2, seq, chain })
    return Buffer.from(hash, 'base64url').toString('hex')
  }

  it('computes the chain of an epoch record, of each form of a batch, its rest and a redact record', () => {
    expect(chainAfterRecord(batches.genesis.text, '')).toBe(batches.genesis.chain)
    expect(chainAfterRecord(epoch.text, batches.genesis.chain)).toBe(epoch.chain)
    expect(positionOf(1, epoch.chain)).toBe(epoch.position)
    for (const form of ['log', 'author', 'erased']) {
      const read = readBatch(batch[form]!, epoch.chain)
      expect(read.chain, form).toBe(batch['chain'])
      expect(read.accepted.map(({ seq }) => seq)).toEqual([2, 3, 4, 5])
    }
    expect(positionOf(5, batch['chain']!)).toBe(batch['position'])
    expect(readBatch(rest.text, batch['chain']!).chain).toBe(rest.chain)
    expect(positionOf(6, rest.chain)).toBe(rest.position)
    expect(chainAfterRecord(redact.text, rest.chain)).toBe(redact.chain)
    expect(positionOf(7, redact.chain)).toBe(redact.position)
  })

  it('reads numbers of sessions only with their lines (BATCH3)', () => {
    const lines = batch['log']!.split('\n').filter((line) => line.startsWith('[2,"'))
    expect(readBatch(batch['numbered']!, epoch.chain, lines).chain).toBe(batch['chain'])
    expect(() => readBatch(batch['numbered']!, epoch.chain)).toThrow('BATCH3')
  })
})

describe('exchange.json', () => {
  const { space, parties, hashes, signatures, frames } = exchange
  const reviewer = parties['reviewer']!
  const spoken = frames.map((each) => ({ ...each, ...readOrNull(each.text) }))
  const from = (link: string, kind: string) =>
    spoken.filter((each) => each.link === link && each.from === 'reviewer' && each.kind === kind)
  const nonceOf = (link: string): string =>
    (JSON.parse(frames.find((each) => each.link === link)!.text) as string[])[3]!
  const followedOn = (link: string): Followed =>
    checkGreeting(from(link, 'welcome')[0]!.fields!, {
      space,
      nonce: nonceOf(link),
      reviewerKey: reviewer.publicKey,
    }).followed

  it.each(hashes)('hashes: $of of $hash', ({ tag, text, value, hash }) => {
    expect(text === undefined ? valueHash(tag, value!) : textHash(tag, text)).toBe(hash)
  })

  it.each(signatures)('signs and verifies: $of of $by, $sig', ({ by, tag, value, sig }) => {
    const key = keyFrom(Buffer.from(parties[by]!.seed, 'hex'))
    expect(key.publicKey).toBe(parties[by]!.publicKey)
    expect(key.sign(valueHash(tag, value))).toBe(sig)
    expect(isSigned(valueHash(tag, value), sig, key.publicKey)).toBe(true)
    const other = (sig.startsWith('B') ? 'C' : 'B') + sig.slice(1)
    expect(isSigned(valueHash(tag, value), other, key.publicKey)).toBe(false)
  })

  it('has the ids of its keys, and mints the id of its entity', () => {
    for (const { publicKey, id } of Object.values(parties)) expect(idOfKey(publicKey)).toBe(id)
    const { id, sessionId } = parties['ann']!
    const { entity } = exchange
    expect(mintedId([space, id, sessionId], entity.counter)).toBe(entity.id)
  })

  it('verifies every frame of the reviewer that is signed, with every chain and page', () => {
    for (const link of ['ann', 'bob', 'bob again']) {
      const followed = followedOn(link)
      for (const { fields } of from(link, 'accepted')) checkAccepted(fields!, followed)
      for (const { fields } of from(link, 'rejected')) {
        for (const each of fields![0] as Json[]) checkRejection(each, followed)
      }
    }
    const told = from('bob', 'history')[0]!
    const about = {
      followed: followedOn('bob'),
      nonce: from('bob', 'welcome')[0]!.fields![4] as string,
    }
    const texts = readFrame(told.text).texts.join('\n')
    checkHistory(told.fields!, texts, about)
    expect(() => checkHistory(told.fields!, `${texts} `, about)).toThrow('HIST6')
    const page = from('bob again', 'page')[0]!
    const list = from('bob again', 'settled')[0]!
    const nonce = from('bob again', 'welcome')[0]!.fields![4] as string
    const pages = [pageHash(readFrame(page.text).texts.join('\n'))]
    const parts = { pages, lists: [listHash(list.text)], nonce }
    const [at, , , sig, , settled] = from('bob again', 'through')[0]!.fields!
    const followed = followedOn('bob again')
    const position = checkPosition(at, followed)
    const check = (more: Partial<typeof parts>): void =>
      checkSnapshot(position, { ...parts, ...more }, [sig!, settled!], followed)
    check({})
    expect(() => check({ pages: [] })).toThrow('SNAP6')
    expect(() => check({ lists: [] })).toThrow('SNAP7')
    expect(() => check({ nonce: 'of another link' })).toThrow('SNAP7')
  })

  it('folds the tail of Bob to the row of the snapshot, with its conflict and base', () => {
    const followed = followedOn('bob')
    let { chain } = followed.terms[0]!
    let state: ReturnType<typeof applied> | undefined
    for (const { fields, texts } of from('bob', 'tail')) {
      const position = checkPosition(fields![1], followed)
      for (const content of cutTexts(texts!, fields![0])) {
        const batch = readBatch(content, chain)
        chain = batch.chain
        for (const { id, session, seen, seq, review, message } of batch.accepted) {
          const canonicalAt = { eid: followed.eid, epoch: 1, seq }
          const facts = { id, session, seen, canonical: canonicalAt }
          const told = message ?? bobsMessage()
          for (const { type, write } of writesOf(told, facts, review)) {
            state = applied(state, type, write)
          }
        }
      }
      expect(chain).toBe(position.chain)
    }
    const row = rowOf(exchange.entity.id, state!, parties['bob']!.id)
    expect(row.conflicts).toEqual({
      title: { base: { value: 'one' }, candidates: ['two', 'zwei'] },
    })
    const page = readPage(from('bob again', 'page')[0]!.texts!.join('\n'))
    expect(rowOf(exchange.entity.id, page.get(exchange.entity.id)!, parties['bob']!.id)).toEqual(
      row,
    )
  })

  /** What Bob wrote, as he offered it first. */
  function bobsMessage(): Message {
    const offer = frames.find(({ link, text }) => link === 'bob' && text.startsWith('["offer"'))!
    const [, line = '', ...flush] = offer.text.split('\n')
    return readFlush(readSessionLine(line), flush.join('\n')).messages[0]!
  }

  function readOrNull(text: string) {
    try {
      return readFrame(text)
    } catch {
      return undefined
    }
  }
})

describe('what SPEC says in words', () => {
  it('BYTE2, BYTE5: canonical JSON, and ids in both lengths', () => {
    expect(canonical(JSON.parse('{"b":-0,"a":1e3}') as Json)).toBe('{"a":1000,"b":0}')
    expect(shortId('a83379a9-e2e3-8f56-87f8-524eb96ceefd')).toBe('qDN5qeLjj1aH-FJOuWzu_Q')
  })

  it('SEEN4: a create saw nothing, and an update the `seen` of its head line', () => {
    const seen = { eid: 'a', seq: 3, from: 1, except: [] }
    const reader = { seen, cut: null, sessionId: 's', clientSeq: 2, spans: [] }
    const at = (seq: number) =>
      ({
        ...{ sessionId: 't', clientSeq: 1 },
        canonical: { eid: 'a', epoch: 1, seq, places: [], reads: [] },
      }) as unknown as Write
    expect([3, 4].map((seq) => saw({ ...reader, create: false }, at(seq)))).toEqual([true, false])
    expect(saw({ ...reader, create: true }, at(3))).toBe(false)
    expect(saw({ ...reader, create: false, cut: 2 }, at(3))).toBe(false)
  })

  it('SEEN7: on a lineage that went on without it, an author saw what both have', () => {
    const seen = { eid: 'a', seq: 9, from: 1, except: [] }
    const reads = [{ eid: 'b', seq: 4 }]
    const canonical = { eid: 'b', epoch: 2, seq: 12, places: [], reads }
    const reader = { seen, cut: null, sessionId: 's', clientSeq: 2, spans: [], create: false }
    const write = (seq: number, places: { eid: string; seq: number }[] = []) =>
      ({
        ...{ sessionId: 't', clientSeq: 1 },
        canonical: { eid: 'b', epoch: 2, seq, places, reads: [] },
      }) as unknown as Write
    const sees = (w: Write): boolean => saw({ ...reader, canonical }, w)
    expect([4, 5].map((seq) => sees(write(seq)))).toEqual([true, false])
    // Read where both stood before, as the place says.
    expect([9, 10].map((seq) => sees(write(11, [{ eid: 'a', seq }])))).toEqual([true, false])
    expect(sees(write(11, [{ eid: 'c', seq: 1 }]))).toBe(false)
  })

  it('PART1, PART2: checksums, and a frame in parts', () => {
    expect(['hello', '€', ''].map(checksum)).toEqual(['1uepo08hsfa', '1iwggpztvyc', 'p4s92mw4n7'])
    const frame = JSON.stringify(['nack', '€"\\😀'.repeat(60_000)])
    const carried = cutFrame(frame)
    expect(carried.length).toBeGreaterThan(2)
    for (const each of carried) expect(Buffer.byteLength(each)).toBeLessThanOrEqual(262_144)
    const parts = new Parts()
    const taken = carried.reverse().map((each) => parts.take(each))
    expect(taken.at(-1)).toBe(frame)
    expect(taken.slice(0, -1).every((each) => each === undefined)).toBe(true)
    const torn = carried.map((each, n) => (n === 1 ? each.replace('€', 'x') : each))
    expect(() => torn.map((each) => parts.take(each))).toThrow('PART2')
  })
})
