/**
 * Holds the files of test vectors against the code, and against hashes by the definition, so that
 * neither changes alone.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import canonicalize from 'canonicalize'
import { expect, test } from 'vitest'
import { readFlush } from '../src/facts/flush.ts'
import { readSession } from '../src/facts/session-line.ts'
import { chainOfBatch, readBatch } from '../src/wire/read-batch.ts'
import { epochId, readRecord } from '../src/wire/records.ts'
import type { Accepted } from '../src/wire/types.ts'
import { batchVectors, sessions } from './batches.ts'
import { exchangeVectors } from './exchange.ts'
import { flushVectors } from './flushes.ts'
import { isSigned } from './stage.ts'

const sha = (text: string): string => createHash('sha256').update(text).digest('base64url')

function fileOf(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'))
}

interface FlushVector {
  readonly name: string
  readonly session: string
  readonly text: string
  readonly means: { readonly messages: unknown; readonly seen: unknown }
  readonly hashes: {
    readonly session: string
    readonly head: string
    readonly lines: readonly string[]
  }
  readonly ids: readonly string[]
}

const flushes = fileOf('flushes.json') as {
  readonly read: readonly FlushVector[]
  readonly refused: readonly { name: string; session: string; text: string }[]
}

test('the file of flushes is what the script makes (run make.ts after a change of a text)', () => {
  expect(flushes).toEqual(flushVectors())
})

test.each(flushes.read)('FACT12 $name', ({ session: line, text, means, hashes, ids }) => {
  const session = readSession(line)
  if (!session.ok) throw new Error(session.error.message)
  const read = readFlush(session.value, text)
  if (!read.ok) throw new Error(read.error.message)
  expect(read.value.messages).toEqual(means.messages)
  expect(read.value.head.seen).toEqual(means.seen)
  expect(read.value.ids).toEqual(ids)

  const [head, ...lines] = text.split('\n')
  expect(sha(`cs/session\n${line}`)).toBe(hashes.session)
  expect(sha(`cs/head\n${hashes.session}${head}`)).toBe(hashes.head)
  for (const [i, hash] of hashes.lines.entries())
    expect(sha(`cs/line\n${hashes.head}${hashes.lines[i - 1] ?? ''}${lines[i]}`)).toBe(hash)
})

test.each(flushes.refused)('FACT15 refused: $name', ({ session: line, text }) => {
  const session = readSession(line)
  if (!session.ok) throw new Error(session.error.message)
  expect(readFlush(session.value, text).ok).toBe(false)
})

interface TextVector {
  readonly text: string
  readonly chain: string
}

const batches = fileOf('batches.json') as {
  readonly space: string
  readonly eid: string
  readonly genesis: TextVector
  readonly epoch: TextVector
  readonly batch: Record<'log' | 'author' | 'erased' | 'numbered' | 'chain', string>
  readonly rest: TextVector
  readonly redact: TextVector
}

test('the file of batches is what the script makes (run make.ts after a change of a text)', () => {
  expect(batches).toEqual(batchVectors())
})

test('BATCH6 BATCH9 the author of the file’s batch reads it by the lines that it has', () => {
  const { space, epoch, batch } = batches
  const own = new Map<string, { readonly changes: readonly { readonly entityId: string }[] }>()
  const context = { space, before: { seq: 1, chain: epoch.chain }, sessions: [] }
  const nothing = (): undefined => undefined
  const read = readBatch(batch.log, { ...context, own: nothing })
  if (!read.ok) throw new Error(read.error.message)
  const [author] = read.value.newSessions
  const isAuthors = ({ session }: Accepted): boolean => session.hash === author!.hash
  for (const item of read.value.accepted) if (isAuthors(item)) own.set(item.hash, item.message!)
  const short = readBatch(batch.author, {
    ...context,
    own: (hash) => own.get(hash),
  })
  expect(short).toEqual({
    ok: true,
    value: {
      ...read.value,
      accepted: read.value.accepted.map((item) =>
        isAuthors(item) ? { ...item, isOwn: true, message: null } : item,
      ),
    },
  })
  expect(readBatch(batch.author, { ...context, own: nothing }).ok).toBe(false)
})

test('BATCH7 BATCH11 BATCH12 the lineage of the file is read, link by link', () => {
  const { space, genesis, epoch, batch, rest, redact } = batches
  expect(readRecord(genesis.text, '')).toMatchObject({ value: { chain: genesis.chain } })
  const first = readRecord(epoch.text, genesis.chain)
  if (!first.ok) throw new Error(first.error.message)
  expect(first.value.chain).toBe(epoch.chain)
  expect(epochId(first.value)).toBe(batches.eid)

  const context = {
    space,
    before: { seq: 1, chain: epoch.chain },
    sessions: [],
    own: () => undefined,
  }
  const read = readBatch(batch.log, context)
  if (!read.ok) throw new Error(read.error.message)
  expect(read.value).toMatchObject({ chain: batch.chain, throughSeq: 5 })
  expect(read.value.accepted.map(({ message }) => message?.changes[0]?.values)).toEqual([
    ['one'],
    [true, 'noted', 'two'],
    ['three'],
    ['four'],
  ])
  expect(read.value.accepted[1]!.review!.bases).toMatchObject([
    { seq: 0 },
    { seq: null },
    { seq: 2, value: { value: 'one' } },
  ])
  for (const form of ['log', 'author', 'erased'] as const)
    expect(chainOfBatch(batch[form], context)).toEqual({ ok: true, value: batch.chain })
  expect(readBatch(batch.erased, context).ok).toBe(false)
  const erased = readBatch(batch.erased, { ...context, mayBeErased: true })
  if (!erased.ok) throw new Error(erased.error.message)
  const marker = { $redacted: true }
  expect(erased.value.accepted[1]!.message!.changes[0]!.values).toEqual([true, marker, marker])
  expect(chainOfBatch(batch.numbered, context).ok).toBe(false)
  expect(readBatch(batch.numbered, { ...context, sessions })).toMatchObject({
    value: { chain: batch.chain, newSessions: [] },
  })

  const last = readBatch(rest.text, { ...context, before: { seq: 5, chain: batch.chain } })
  if (!last.ok) throw new Error(last.error.message)
  expect(last.value.chain).toBe(rest.chain)
  expect(last.value.accepted[0]!.message!.changes[0]!.entityId).toMatch(/17$/)
  expect(readRecord(redact.text, rest.chain)).toMatchObject({ value: { chain: redact.chain } })
})

interface Preimage {
  readonly of: string
  readonly frame: number
  readonly tag: string
  /** Hashed after the tag and LF. */
  readonly text?: string
  /** Hashed after the tag and NUL, as canonical JSON. */
  readonly value?: unknown
}

const exchange = fileOf('exchange.json') as {
  readonly parties: Readonly<Record<string, { readonly publicKey: string; readonly id: string }>>
  readonly frames: readonly {
    readonly link: string
    readonly from: string
    readonly text: string
  }[]
  readonly hashes: readonly (Preimage & { readonly hash: string })[]
  readonly signatures: readonly (Preimage & { readonly by: string; readonly sig: string })[]
}

const hashed = ({ tag, text, value }: Preimage): string =>
  sha(text === undefined ? `${tag}\0${canonicalize(value)}` : `${tag}\n${text}`)

test('the file of an exchange is what the script makes', async () => {
  expect(exchange).toEqual(await exchangeVectors())
})

test.each(exchange.hashes)('BYTE3 hashes of the exchange: $of of frame $frame', (each) => {
  expect(hashed(each)).toBe(each.hash)
})

test.each(exchange.signatures)('BYTE7 signatures of the exchange: $of of frame $frame', (each) => {
  const { by, sig, frame } = each
  expect(exchange.frames[frame]!.text).toContain(sig)
  const bytes = Buffer.from(hashed(each), 'base64url')
  expect(isSigned(exchange.parties[by]!.publicKey, bytes, sig)).toBe(true)
})

test('every kind of frame that two honest ends send is in the exchange', () => {
  const kinds = exchange.frames.map(({ text }) => (JSON.parse(text.split('\n')[0]!) as string[])[0])
  const all =
    'accepted bind bound bye hello history me nack offer page rejected seal settled tail through want welcome'
  expect(new Set(kinds)).toEqual(new Set(all.split(' ')))
})
