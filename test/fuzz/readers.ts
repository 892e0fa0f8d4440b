/**
 * Every reader of untrusted texts, with malformed ones. A reader returns an outcome: it never throws,
 * and what it calls sound it can write again.
 */
import { FACT_BOUNDS, readFlush, readSession } from '@countersign/core/message'
import {
  BATCH_BOUNDS,
  FrameJoiner,
  NO_CHAIN,
  chainOfBatch,
  parseAuthorFrame,
  parseReviewerFrame,
  readBatch,
  readLayout,
  readPage,
  readRecord,
  readTold,
  spanOfBatch,
} from '@countersign/core/protocol'
import { LIMITS } from '@countersign/core/message'
import type { SeededRandom } from '@countersign/core/testing'
import { SPACE } from '../scenario/wire.ts'
import type { Corpus } from './corpus.ts'
import { mutated, pick } from './mutate.ts'

/** What became of a text, for the count that is printed. */
export type Reading = 'sound' | 'refused'

interface Reader {
  readonly name: string
  readonly samples: readonly string[]
  read(text: string): { readonly ok: boolean }
}

function readersOf(corpus: Corpus): readonly Reader[] {
  const session = readSession(corpus.sessions[0] ?? '')
  if (!session.ok) throw new Error('the recorded session line is sound')
  const before = { seq: 0, chain: NO_CHAIN }
  const told = { space: SPACE, entityId: corpus.entityId, bounds: BATCH_BOUNDS }
  const context = {
    space: SPACE,
    before,
    sessions: [],
    own: () => undefined,
  }
  const joiner = new FrameJoiner(LIMITS.authorFrameBytesMax)
  return [
    { name: 'author frame', samples: corpus.up, read: (text) => parseAuthorFrame(text) },
    { name: 'reviewer frame', samples: corpus.down, read: (text) => parseReviewerFrame(text) },
    {
      name: 'part',
      samples: corpus.parts,
      read: (text) => ({ ok: joiner.take(text).kind !== 'malformed' }),
    },
    { name: 'session', samples: corpus.sessions, read: (text) => readSession(text) },
    {
      name: 'flush',
      samples: corpus.flushes,
      read: (text) => readFlush(session.value, text, FACT_BOUNDS),
    },
    { name: 'batch', samples: corpus.batches, read: (text) => readBatch(text, context) },
    { name: 'layout', samples: corpus.batches, read: (text) => readLayout(text, [], BATCH_BOUNDS) },
    { name: 'chain', samples: corpus.batches, read: (text) => chainOfBatch(text, context) },
    { name: 'span', samples: corpus.batches, read: (text) => spanOfBatch(text) },
    { name: 'page', samples: corpus.pages, read: (text) => readPage(text) },
    { name: 'history', samples: corpus.histories, read: (text) => readTold(text, told) },
    { name: 'record', samples: corpus.records, read: (text) => readRecord(text, before.chain) },
  ]
}

/** How many texts each reader had, by what became of them. */
export type Counts = Map<string, Record<Reading, number>>

/** Reads `count` malformed texts. Throws with the text that a reader threw at. */
export function fuzzReaders(corpus: Corpus, random: SeededRandom, count: number): Counts {
  const readers = readersOf(corpus)
  const counts: Counts = new Map(readers.map(({ name }) => [name, { sound: 0, refused: 0 }]))
  const all = readers.flatMap(({ samples }) => samples)
  for (let done = 0; done < count; done++) {
    const reader = pick(readers, random)
    // Most samples are short; a long one costs as much as hundreds of them.
    let sample = pick(reader.samples, random)
    if (sample.length > 4_000 && random.unit() < 0.97) sample = pick(reader.samples, random)
    const text = mutated(sample, all, random)
    const found = counts.get(reader.name)
    if (found) found[outcome(reader, text)]++
  }
  return counts
}

function outcome(reader: Reader, text: string): Reading {
  try {
    return reader.read(text).ok ? 'sound' : 'refused'
  } catch (error) {
    throw new Error(
      `the reader of a ${reader.name} threw at ${JSON.stringify(text.slice(0, 2_000))}`,
      {
        cause: error,
      },
    )
  }
}
