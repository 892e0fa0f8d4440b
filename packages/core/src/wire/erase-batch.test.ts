/** What an erasure leaves of a batch: the chain, all other values, and none of the erased ones. */
import { expect, test } from 'vitest'
import { canonical } from '../base/canonical.ts'
import type { Json } from '../base/json.ts'
import type { Change } from '../facts/types.ts'
import { REDACTED } from '../schema/redacted.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import { BATCH_BOUNDS } from './bounds.ts'
import { composeBatch, textOfBatch } from './compose-batch.ts'
import { type ErasedValues, erasedLayout } from './erase-batch.ts'
import { type BatchLayout } from './layout.ts'
import { RandomBatches, someChain } from './random-batch.ts'
import { type BatchContext, chainOfBatch, readBatch, readLayout } from './read-batch.ts'
import { readTold, tellMessage } from './told.ts'
import type { Accepted } from './types.ts'

/** Complete, as in a log. */
function storedText(layout: BatchLayout): string {
  const text = textOfBatch(layout, { sessionNo: () => undefined })
  if (!text.ok) throw new Error(text.error.message)
  return text.value
}

const seeds = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i + 1)

interface Made {
  readonly layout: BatchLayout
  readonly context: BatchContext
  readonly chain: string
  readonly accepted: readonly Accepted[]
}

function made(seed: number): Made {
  const random = new RandomBatches(new SeededRandom(seed))
  const before = { seq: 6, chain: someChain(seed) }
  const batch = composeBatch(random.draft(7), before.chain)
  if (!batch.ok) throw new Error(batch.error.message)
  const context = { space: random.space, before, sessions: [], own: () => undefined }
  const text = storedText(batch.value.layout)
  const read = readBatch(text, context)
  const layout = readLayout(text, [])
  if (!read.ok || !layout.ok) throw new Error('a batch that was made is read')
  return { layout: layout.value, context, chain: batch.value.chain, accepted: read.value.accepted }
}

const changesOf = (accepted: readonly Accepted[]): readonly Change[] =>
  accepted.flatMap(({ message }) => message!.changes)

/** Of some change of the batch, by the seed: its entity, and some of its registers. */
function chosen({ accepted }: Made, seed: number): ErasedValues {
  const changes = changesOf(accepted)
  const { entityId, shape } = changes[seed % changes.length]!
  return { entityId, regs: seed % 3 === 0 ? shape.regs.slice(0, 1) : shape.regs }
}

function erasedFrom(layout: BatchLayout, values: ErasedValues): BatchLayout {
  const erased = erasedLayout(layout, values, BATCH_BOUNDS)
  if (!erased.ok || !erased.value) throw new Error('the batch has these values')
  return erased.value
}

/** The changes as they should be left. */
function left(changes: readonly Change[], { entityId, regs }: ErasedValues): readonly Change[] {
  return changes.map((change) => ({
    ...change,
    values: change.values.map((value, i) =>
      change.entityId === entityId && regs.includes(change.shape.regs[i]!) ? REDACTED : value,
    ),
  }))
}

test('BATCH8 the chain stays, the values are gone, and all others are read as before', () => {
  for (const seed of seeds(60)) {
    const one = made(seed)
    const values = chosen(one, seed)
    const text = storedText(erasedFrom(one.layout, values))
    expect(chainOfBatch(text, one.context)).toEqual({ ok: true, value: one.chain })
    const read = readBatch(text, { ...one.context, mayBeErased: true })
    if (!read.ok) throw new Error(`seed ${seed}: ${read.error.message}`)
    expect(read.value.chain).toBe(one.chain)
    expect(changesOf(read.value.accepted)).toEqual(left(changesOf(one.accepted), values))
    for (const [i, { id, seq, hash, review }] of read.value.accepted.entries()) {
      const before = one.accepted[i]!
      expect({ id, seq, hash }).toEqual({ id: before.id, seq: before.seq, hash: before.hash })
      expect(review?.bases.map(({ seq: of, valueHash }) => [of, valueHash])).toEqual(
        before.review?.bases.map(({ seq: of, valueHash }) => [of, valueHash]),
      )
    }
    // No reader of a tail takes it: nothing vouches for what is left of a line.
    expect(readBatch(text, one.context).ok).toBe(false)
    // It is all that can be erased.
    const layout = readLayout(text, [])
    if (!layout.ok) throw new Error(layout.error.message)
    expect(erasedLayout(layout.value, values, BATCH_BOUNDS)).toEqual({ ok: true, value: undefined })
  }
})

test('BATCH8 values of bases and assigned values of these registers are gone, others stay', () => {
  let bases = 0
  let assigned = 0
  for (const seed of seeds(120)) {
    const one = made(seed)
    for (const [i, { message, review }] of one.accepted.entries()) {
      for (const { change, reg, value } of review?.bases ?? []) {
        if (!value) continue
        const { entityId, shape } = message!.changes[change]!
        const text = storedText(erasedFrom(one.layout, { entityId, regs: [shape.regs[reg]!] }))
        const read = readBatch(text, { ...one.context, mayBeErased: true })
        const after = read.ok && read.value.accepted[i]!.review!.bases
        expect(after && after.find((of) => of.change === change && of.reg === reg)?.value).toBe(
          undefined,
        )
        bases++
      }
      for (const { change, values } of review?.assigned ?? []) {
        const { entityId } = message!.changes[change]!
        const text = storedText(erasedFrom(one.layout, { entityId, regs: ['slug'] }))
        const read = readBatch(text, { ...one.context, mayBeErased: true })
        if (!read.ok) throw new Error(`seed ${seed}: ${read.error.message}`)
        expect(read.value.chain).toBe(one.chain)
        const given = read.value.accepted[i]!.review!.assigned.find((of) => of.change === change)
        expect(given?.values).toEqual({ ...values, slug: REDACTED })
        assigned++
      }
    }
  }
  expect(bases).toBeGreaterThan(10)
  expect(assigned).toBeGreaterThan(10)
})

test('BATCH8 the salt of a line goes with its values, and an author cannot write a marker', () => {
  for (const seed of seeds(30)) {
    const one = made(seed)
    const values = chosen(one, seed)
    const text = storedText(erasedFrom(one.layout, values))
    for (const { message } of one.accepted)
      for (const [i, { entityId, shape }] of message!.changes.entries()) {
        if (entityId !== values.entityId || !shape.regs.some((reg) => values.regs.includes(reg)))
          continue
        expect(text).not.toContain(message!.salts[i])
      }
  }
  let marked = 0
  for (const seed of seeds(30)) {
    const { layout, context } = made(seed)
    const lines = layout.flushes.flatMap(({ places }) => places.flatMap(({ line }) => line ?? []))
    for (const line of lines) {
      const list = JSON.parse(line) as Json[]
      const change = (typeof list[0] === 'number' ? (list[2] as Json[])[0] : list[0]) as Json
      if (!Array.isArray(change)) continue
      change[3] = (change[3] as Json[]).map(() => REDACTED)
      const text = storedText(layout).replace(line, () => canonical(list))
      for (const mayBeErased of [false, true])
        expect(readBatch(text, { ...context, mayBeErased }).ok).toBe(false)
      marked++
    }
  }
  expect(marked).toBeGreaterThan(30)
})

test('HIST1 a message is told as it is left, and read so', () => {
  for (const seed of seeds(40)) {
    const one = made(seed)
    const values = chosen(one, seed)
    const after = erasedFrom(one.layout, values)
    const { seq, message } = one.accepted.find(({ message: of }) =>
      of!.changes.some(({ entityId }) => entityId === values.entityId),
    )!
    const text = tellMessage(after, seq, values.entityId)
    if (!text.ok) throw new Error(text.error.message)
    const { space } = one.context
    const told = readTold(text.value, { space, entityId: values.entityId, bounds: BATCH_BOUNDS })
    if (!told.ok) throw new Error(`seed ${seed}: ${told.error.message}`)
    const before = message!.changes.filter(({ entityId }) => entityId === values.entityId)
    expect([told.value.change]).toEqual(left(before, values))
    expect(told.value.id).toBe(one.accepted.find((of) => of.seq === seq)!.id)
  }
})

test('BATCH6 an erased place with another hash, or that is no list, is refused', () => {
  const one = made(4)
  const text = storedText(erasedFrom(one.layout, chosen(one, 4)))
  const place = text.split('\n').find((line) => line.startsWith('{'))!
  const marker = canonical(REDACTED as Json)
  expect(place).toContain(marker)
  const broken = [
    place.slice(0, 2) + place.slice(3),
    place.replace('":[', '": ['),
    `${place.slice(0, 46)}{}}`,
    `${place}x`,
  ]
  for (const other of broken)
    expect(
      readLayout(
        text.replace(place, () => other),
        [],
      ),
      other,
    ).toMatchObject({ ok: false })
})
