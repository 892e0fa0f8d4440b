/** One snapshot for many links: how often it is read, encoded and signed, and how long it is kept. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { toBase64url } from '../base/bytes.ts'
import { bytesOf } from '../base/size.ts'
import { LIMITS, type Limits } from '../facts/limits.ts'
import { SCANS_MAX } from '../ports/space-store.ts'
import { type Caches, cachesOf } from '../review/caches.ts'
import { DESK_SPACE, Desk, type HandAuthor, type HandMessage } from '../testing/desk.ts'
import { authorFrame, type ReviewerFrames } from '../wire/frames.ts'
import * as pages from '../wire/pages.ts'
import { pageHash, pageName, snapshotBytes } from '../wire/signed.ts'
import { openReviewer } from './reviewer.ts'
import { READ_MS, SHARED_MS } from './shared-snapshot.ts'

vi.mock(import('../wire/pages.ts'), async (original) => {
  const real = await original()
  return { ...real, pageText: vi.fn(real.pageText) }
})

afterEach(() => vi.mocked(pages.pageText).mockClear())

const WAITS = 1e9

interface Scene {
  readonly desk: Desk
  readonly ann: HandAuthor
  readonly roots: readonly HandMessage[]
  readonly caches: Caches
  readonly scans: { all: number; open: number; mostOpen: number }
  /** Base64url of all that was signed. */
  readonly signed: string[]
}

/** A space of 12 rows in pages of 3, of which a scan reads one at a time: 4 pages or 12. */
async function opened(
  given: Partial<Limits> = {},
  { isReadInPieces = false, rows = 12 } = {},
): Promise<Scene> {
  const limits = { ...LIMITS, tailChangesMax: 4, pageEntitiesMax: 3, ...given }
  const desk = await Desk.open()
  await desk.close()
  const caches = cachesOf(limits)
  const { clock, random, keys, spaces } = desk
  const signed: string[] = []
  const signer: Desk['signer'] = {
    ...desk.signer,
    verify: (...told) => desk.signer.verify(...told),
    sign: (by, bytes) => {
      signed.push(toBase64url(bytes))
      return desk.signer.sign(by, bytes)
    },
  }
  const options = {
    ...{ clock, random, signer, keys, limits, space: DESK_SPACE, spaces: spaces.connect() },
    onEvent: (event: Desk['events'][number]) => void desk.events.push(event),
  }
  const opening = openReviewer(options, caches)
  await desk.settle()
  desk.use(await opening)
  const ann = await desk.author('ann')
  const roots = Array.from({ length: rows }, (_, n) => ann.create('issue', { n }))
  await ann.offer(...roots)
  await desk.pass(2_000)
  const tables = desk.spaces.tables(DESK_SPACE)
  const scan = tables.scan.bind(tables)
  const scans = { all: 0, open: 0, mostOpen: 0 }
  tables.scan = (type) => {
    const found = scan(type)
    scans.all++
    scans.mostOpen = Math.max(scans.mostOpen, ++scans.open)
    return {
      ...found,
      page: (after, max) => found.page(after, isReadInPieces ? bytesOf(1) : max),
      close: () => void scans.open--,
    }
  }
  vi.mocked(pages.pageText).mockClear()
  return { desk, ann, roots, caches, scans, signed }
}

function want(author: HandAuthor): void {
  author.heard.length = 0
  author.send(authorFrame('want', { have: null, pages: null }))
}

/** Lets that much time pass, also where nothing happens in it. */
async function wait(desk: Desk, ms: number): Promise<void> {
  desk.clock.after(ms, () => {})
  await desk.pass(ms)
}

async function newcomers(desk: Desk, count: number): Promise<HandAuthor[]> {
  const all: HandAuthor[] = []
  for (let n = 0; n < count; n++) all.push(await desk.author(`eve ${n}`))
  return all
}

function textsOf({ heard }: HandAuthor): string[] {
  return heard.flatMap((frame) => (frame.kind === 'page' ? [frame.texts] : []))
}

function endOf({ heard }: HandAuthor): ReviewerFrames['through'] | undefined {
  return heard.find((frame) => frame.kind === 'through')
}

const rowsIn = (author: HandAuthor): number =>
  textsOf(author).reduce((sum, text) => {
    const page = pages.readPage(text)
    return sum + (page.ok ? page.value.length : Number.NaN)
  }, 0)

const isWhole = (author: HandAuthor): boolean => author.heard.at(-1)?.kind === 'through'

describe('SNAP8 one snapshot for all who ask at about the same time', () => {
  test('is read once, encoded once and signed once for 200 links', async () => {
    const { desk, scans, signed } = await opened()
    const many = await newcomers(desk, 200)
    signed.length = 0
    for (const author of many) want(author)
    await desk.pass(5_000)
    const texts = textsOf(many[0]!)
    expect(texts).toHaveLength(4)
    for (const author of many) {
      expect(textsOf(author)).toEqual(texts)
      expect(endOf(author)).toMatchObject({ pages: 4, sig: endOf(many[0]!)!.sig })
    }
    expect([scans.all, scans.open]).toEqual([1, 0])
    expect(pages.pageText).toHaveBeenCalledTimes(4)
    const said = snapshotBytes(DESK_SPACE, endOf(many[0]!)!.position, texts.map(pageHash))
    expect(signed.filter((bytes) => bytes === toBase64url(said))).toHaveLength(1)
    // What became of own messages is signed for each link; the end of the answer for all.
    expect(signed).toHaveLength(1 + 200 + 1)
  })

  test('is joined by those who come later, as long as little was committed since', async () => {
    const { desk, ann, scans } = await opened()
    const [first, second, third] = (await newcomers(desk, 3)) as [
      HandAuthor,
      HandAuthor,
      HandAuthor,
    ]
    want(first)
    await desk.settle()
    for (let n = 0; n < 4; n++) await ann.offer(ann.create('issue', { n }))
    await second.connect() // its greeting is of seq 16
    want(second)
    await desk.settle()
    expect([scans.all, endOf(second)!.position.seq]).toEqual([1, 12])
    expect(textsOf(second)).toEqual(textsOf(first))
    expect(second.heard.map(({ kind }) => kind).slice(-3)).toEqual(['through', 'tail', 'through'])
    await ann.offer(ann.create('issue', { n: 5 }))
    want(third)
    await desk.settle()
    expect([scans.all, endOf(third)!.position.seq, rowsIn(third)]).toEqual([2, 17, 17])
  })

  test('is not joined by a follower that is ahead of it', async () => {
    const { desk, ann, scans } = await opened({ tailChangesMax: 0 })
    const [first, second] = (await newcomers(desk, 2)) as [HandAuthor, HandAuthor]
    want(first)
    await desk.settle()
    await ann.offer(ann.create('issue', { n: 1 }))
    await second.follow()
    const have = second.heard.findLast((frame) => frame.kind === 'through')!.position
    await second.connect()
    second.heard.length = 0
    // On this lineage, with another chain: nothing but a snapshot goes on from it.
    second.send(authorFrame('want', { have: { ...have, chain: 'A'.repeat(43) }, pages: null }))
    await desk.settle()
    expect([scans.all, endOf(second)!.position.seq]).toEqual([2, 13])
  })

  test('no slow reader holds a scan where all pages are kept, and each gets its own pages in the end', async () => {
    const { desk, caches, scans } = await opened({}, { isReadInPieces: true })
    const [slow, fast] = (await newcomers(desk, 2)) as [HandAuthor, HandAuthor]
    slow.waitingBytes = WAITS
    for (const author of [slow, fast]) want(author)
    await desk.settle()
    expect([textsOf(slow).length, textsOf(fast).length]).toEqual([1, 12])
    expect([scans.all, scans.open]).toEqual([1, 0])
    await wait(desk, SHARED_MS * 2)
    slow.waitingBytes = 0
    await wait(desk, 1_000)
    expect(textsOf(slow)).toEqual(textsOf(fast))
    expect(isWhole(slow)).toBe(true)
    expect(pages.pageText).toHaveBeenCalledTimes(12)
    expect(caches.pages.bytes).toBe(0)
  })
})

describe('SNAP9 who has some of the pages', () => {
  const namesOf = (author: HandAuthor): string[] =>
    textsOf(author).map((text) => pageName(pageHash(text)))

  test('is sent the others, of the snapshot that has most of them', async () => {
    const { desk, ann, roots, scans } = await opened()
    const [first, second] = (await newcomers(desk, 2)) as [HandAuthor, HandAuthor]
    first.onFrame = ({ kind }) => {
      if (kind === 'page' && textsOf(first).length === 3) first.leave()
    }
    want(first)
    await desk.settle()
    const [begun, names] = [textsOf(first), namesOf(first)]
    expect(begun).toHaveLength(3)
    first.onFrame = () => {}
    for (let n = 0; n < 9; n++) await ann.offer(ann.change([roots[0]!], { n: 100 + n }))
    await second.follow()
    expect(endOf(second)!.position.seq).toBe(21)
    await first.connect()
    first.heard.length = 0
    first.send(authorFrame('want', { have: null, pages: [...names, 'of nobody'] }))
    await desk.settle()
    expect(first.heard.map(({ kind }) => kind).slice(0, 3)).toEqual(['page', 'kept', 'through'])
    expect(first.heard[1]).toMatchObject({ snapshot: 1, pages: names })
    const end = endOf(first)!
    expect(end).toMatchObject({ pages: 4, position: { seq: 12 } })
    const all = [...begun, ...textsOf(first)].map(pageHash)
    const said = snapshotBytes(DESK_SPACE, end.position, all)
    expect(await desk.signer.verify(desk.keys.publicKey, said, end.sig)).toBe(true)
    expect(first.heard.at(-1)).toMatchObject({ kind: 'through', position: { seq: 21 } })
    expect(scans.all).toBe(2)
  })

  test('is not sent what is the same in a later snapshot', async () => {
    const { desk, ann, scans } = await opened()
    const [eve] = await newcomers(desk, 1)
    await eve!.follow()
    const names = namesOf(eve!)
    for (let n = 0; n < 9; n++) await ann.offer(ann.create('issue', { n }))
    await wait(desk, SHARED_MS)
    await eve!.connect()
    eve!.heard.length = 0
    eve!.send(authorFrame('want', { have: null, pages: names }))
    await desk.settle()
    expect([rowsIn(eve!), endOf(eve!)!.pages, scans.all]).toEqual([9, 7, 2])
    expect(eve!.heard.find(({ kind }) => kind === 'kept')).toMatchObject({ pages: names })
  })
})

describe('SNAP8 the memory that is kept', () => {
  test('§20 bounds: is bounded; what is beyond it is encoded again from the scan', async () => {
    const { desk, caches, scans } = await opened(
      { snapshotBytesMax: 2_000 },
      { isReadInPieces: true, rows: 24 },
    )
    const many = await newcomers(desk, 30)
    let most = 0
    for (const [n, author] of many.entries()) {
      author.onFrame = () => {
        most = Math.max(most, caches.pages.bytes)
        // Each reads at a pace of its own.
        author.waitingBytes = WAITS
        desk.clock.after(n * 7, () => (author.waitingBytes = 0))
      }
      want(author)
    }
    await desk.pass(60_000)
    for (const author of many) expect([rowsIn(author), isWhole(author)]).toEqual([24, true])
    expect(new Set(many.map((author) => textsOf(author).join())).size).toBe(1)
    expect(new Set(many.map((author) => endOf(author)!.sig)).size).toBe(1)
    expect([scans.all, scans.open]).toEqual([1, 0])
    expect(most).toBeGreaterThan(1_000)
    expect(most).toBeLessThanOrEqual(2_000)
    const encoded = vi.mocked(pages.pageText).mock.calls.length
    expect(encoded).toBeGreaterThan(24)
    expect(encoded).toBeLessThan(24 * 30)
    expect(caches.pages.bytes).toBe(0)
  })

  test('is given back ten minutes after the beginning, or when the last reader leaves after that', async () => {
    const { desk, caches } = await opened()
    const [eve] = await newcomers(desk, 1)
    await eve!.follow()
    await wait(desk, SHARED_MS - 1_000)
    expect(caches.pages.bytes).toBeGreaterThan(0)
    await wait(desk, 1_000)
    expect(caches.pages.bytes).toBe(0)
    const [slow] = await newcomers(desk, 1)
    slow!.waitingBytes = WAITS
    want(slow!)
    await wait(desk, SHARED_MS + 1_000)
    expect(caches.pages.bytes).toBeGreaterThan(0)
    slow!.leave()
    await desk.settle()
    expect(caches.pages.bytes).toBe(0)
  })

  test.each([
    ['kept', {}],
    ['read again', { snapshotBytesMax: 0 }],
  ])('is released after an hour, also with readers, and so is the scan: %s', async (_, limits) => {
    const { desk, caches, scans } = await opened(limits)
    const [slow] = await newcomers(desk, 1)
    slow!.waitingBytes = WAITS
    want(slow!)
    await wait(desk, READ_MS - 1_000)
    expect(caches.pages.bytes + scans.open).toBeGreaterThan(0)
    await wait(desk, 2_000)
    expect([caches.pages.bytes, scans.open]).toEqual([0, 0])
    slow!.waitingBytes = 0
    await desk.settle()
    expect(slow!.heard.at(-1)).toMatchObject({ kind: 'bye', reason: 'the snapshot is over' })
    await slow!.connect()
    await slow!.follow()
    expect([isWhole(slow!), desk.events.filter(({ type }) => type === 'store_failed')]).toEqual([
      true,
      [],
    ])
  })

  test('is given back at the close of the reviewer', async () => {
    const { desk, caches, scans } = await opened({ snapshotBytesMax: 3_000 })
    const [slow] = await newcomers(desk, 1)
    slow!.waitingBytes = WAITS
    want(slow!)
    await desk.settle()
    await desk.close()
    expect([caches.pages.bytes, scans.open]).toEqual([0, 0])
  })
})

describe('SNAP8 the scans that are open', () => {
  test('§20 bounds: have a maximum; a further reader joins the newest', async () => {
    const { desk, ann, scans } = await opened(
      { snapshotBytesMax: 0, tailChangesMax: 0 },
      { isReadInPieces: true },
    )
    const many = await newcomers(desk, SCANS_MAX - 1)
    for (const author of many) {
      author.waitingBytes = WAITS
      want(author)
      await desk.settle()
      await ann.offer(ann.create('issue', { n: 1 }))
    }
    expect([scans.mostOpen, scans.open]).toEqual([SCANS_MAX - 3, SCANS_MAX - 3])
    for (const author of many) author.waitingBytes = 0
    await desk.pass(5_000)
    expect(scans.open).toBe(0)
    const seqs = many.map((author) => endOf(author)!.position.seq)
    expect(seqs).toEqual([12, 13, 14, 15, 16, 17, 17, 17])
    for (const author of many)
      expect(author.heard.at(-1)).toMatchObject({ kind: 'through', position: { seq: 20 } })
  })
})
