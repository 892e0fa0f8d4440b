/** Frames of both directions, and the texts in them, from an ordinary life of three devices. */
import { type SyncStore, counter, set } from '@countersign/core'
import {
  NO_CHAIN,
  composeRecord,
  cutFrame,
  linesInParts,
  parseReviewerFrame,
} from '@countersign/core/protocol'
import { rulesFor } from '@countersign/core/testing'
import { type Line, VirtualScene } from '../scenario/line.ts'
import { SPACE } from '../scenario/wire.ts'
import { Item } from './types.ts'

/** Sound texts to change, by what reads them. */
export interface Corpus {
  readonly up: readonly string[]
  readonly down: readonly string[]
  readonly flushes: readonly string[]
  readonly sessions: readonly string[]
  readonly batches: readonly string[]
  readonly pages: readonly string[]
  readonly histories: readonly string[]
  /** Records of a reviewer; no reviewer of today sends one. */
  readonly records: readonly string[]
  /** Frames cut into parts. */
  readonly parts: readonly string[]
  /** The row that the histories are of. */
  readonly entityId: string
}

/** Records a life with conflicts, rejections, a history, a snapshot and a message in parts. */
export async function recorded(): Promise<Corpus> {
  const scene = await VirtualScene.open({
    rules: rulesFor(['item'], (_, { values }) => values['title'] !== 'no' || 'not this one'),
    limits: { tailChangesMax: 8 },
  })
  const lines = [scene.line(), scene.line(), scene.line()] as const
  const page = (line: Line): Promise<SyncStore> => scene.page(line, { entities: [Item] })
  const [ann, bob] = [await page(lines[0]), await page(lines[1])]
  const { id } = ann.create(Item, { title: 'one', note: { deep: [1, 'é', null] } })
  await scene.until(() => bob.read(Item, id) !== undefined, 60_000)
  ann.update(Item, id, { title: 'two', count: counter.increment(3) })
  bob.update(Item, id, { title: 'three', tags: set.add('red') })
  bob.create(Item, { title: 'no' })
  await scene.until(() => (ann.read(Item, id)?.$heads.length ?? 0) > 1, 60_000)
  ann.resolve(Item, id, { title: 'two' })
  ann.transact(() => {
    for (let at = 0; at < 5; at++) ann.create(Item, { title: `row ${at}`, note: 'x'.repeat(60) })
    ann.update(Item, id, { note: undefined })
  })
  bob.create(Item, { title: 'large', note: 'y'.repeat(60_000) })
  await scene.pass(30_000)
  for (let at = 0; at < 20; at++) ann.create(Item, { title: `more ${at}` })
  await scene.pass(30_000)
  const history = bob.history(Item, id)
  await scene.result(history)
  const cora = await page(lines[2])
  await scene.until(() => cora.status.getState().connection === 'online', 60_000)
  await scene.pass(60_000)
  await scene.close()
  return corpusOf(
    lines.flatMap(({ sent }) => sent),
    id,
  )
}

function corpusOf(
  sent: readonly { readonly direction: 'up' | 'down'; readonly text: string }[],
  entityId: string,
): Corpus {
  const of = (direction: 'up' | 'down'): string[] =>
    sent.filter((frame) => frame.direction === direction).map(({ text }) => text)
  const [up, down] = [of('up'), of('down')]
  const flushes: string[] = []
  const sessions: string[] = []
  for (const text of up) {
    const [first = '', ...rest] = text.split('\n')
    if (!first.startsWith('["offer"')) continue
    const [session = '', ...flush] = rest
    sessions.push(session)
    flushes.push(flush.join('\n'))
  }
  const batches: string[] = []
  const pages: string[] = []
  const histories: string[] = []
  for (const text of down) {
    const frame = parseReviewerFrame(text)
    if (!frame.ok) continue
    const { value } = frame
    if (value.kind === 'tail') batches.push(...(linesInParts(value.texts, value.batches) ?? []))
    if (value.kind === 'page') pages.push(value.texts)
    if (value.kind !== 'history') continue
    const parts = value.messages.map((message) => message.lines)
    histories.push(...(linesInParts(value.texts, parts) ?? []))
  }
  const parts = [...up, ...down].flatMap((text) => (text.length > 400 ? cutFrame(text, 256) : []))
  return {
    up,
    down,
    flushes,
    sessions,
    batches,
    pages,
    histories,
    records: records(),
    parts,
    entityId,
  }
}

function records(): readonly string[] {
  const erased = { entityId: SPACE, regs: ['body', 'title'] } as const
  const redact = { kind: 'redact', seq: 7, at: 1_700_000_000_000, ...erased } as const
  const epoch = {
    kind: 'epoch',
    seq: 1,
    at: 1_700_000_000_000,
    space: SPACE,
    reviewerId: SPACE,
    reviewerKey: 'A'.repeat(43),
    epoch: 1,
    why: 'genesis',
    prev: null,
  } as const
  return [redact, epoch].map((record) => composeRecord(record, NO_CHAIN).line)
}
