/** What a space is, in numbers: read from its store, without the log. Verifies nothing. */
import { bytesOf } from '../../base/size.ts'
import type { SpaceHead, SpaceStore } from '../../ports/space-store.ts'
import type { Position } from '../../facts/message.ts'
import { readHead, readState, readStoredBatch } from '../../review/stored.ts'
import { SCHEMA } from '../../schema/system.ts'
import { readEpoch } from '../../wire/records.ts'
import type { Uuid } from '../../base/uuid.ts'
import { jsonIn } from './faults.ts'
import { GENESIS } from '../open.ts'

/** A term of the reviewer. */
export interface SpaceEpoch {
  readonly eid: Uuid
  readonly epoch: number
  readonly why: string
  /** Of its record; 0 for the genesis. */
  readonly seq: number
  /** The reviewer's clock when it was opened, ms since 1970. */
  readonly at: number
}

/** A published version of a type. */
export interface PublishedVersion {
  readonly type: string
  readonly number: number
  readonly revision: number
}

/** What a space is. */
export interface SpaceFacts {
  readonly seq: number
  readonly commits: number
  readonly sessions: number
  /** Number of entities as of the seq `through`. */
  readonly entities: number
  readonly through: number
  readonly position: Position | undefined
  /** The reviewer's public key, base64url; undefined for a space in which nothing was begun. */
  readonly reviewerKey: string | undefined
  /** The lineage: genesis, and the newest of those that followed. */
  readonly epochs: readonly SpaceEpoch[]
  /** Epochs of other lineages, whose messages were lost and may have come back. */
  readonly parted: readonly SpaceEpoch[]
  /** The reviewer's clock at the last batch, ms since 1970. */
  readonly writtenAt: number | undefined
  readonly published: readonly PublishedVersion[]
}

const ONE = bytesOf(1)
const READ_BYTES = bytesOf(1_048_576)

/** Reads what a space is. Rejects where the head or one of these records is damaged. */
export async function inspectSpace(store: SpaceStore): Promise<SpaceFacts> {
  const head = await store.head()
  const { seq, commits, sessions, entities, through, text } = head
  const genesis = jsonIn((await store.meta(GENESIS)) ?? '') as
    | { readonly line?: string }
    | undefined
  const first = readEpoch(genesis?.line ?? '')
  const known = text === undefined ? undefined : readHead(text)
  const later = await Promise.all((known?.epochs ?? []).map((at) => lineAt(store, at)))
  return {
    ...{ seq, commits, sessions, entities, through },
    position: known?.position,
    reviewerKey: first.ok ? first.value.reviewerKey : undefined,
    epochs: [genesis?.line ?? '', ...later].flatMap(epochIn),
    parted: (known?.parted ?? []).flatMap(epochIn),
    writtenAt: await writtenAt(store, head),
    published: await publishedIn(store),
  }
}

function epochIn(line: string): readonly SpaceEpoch[] {
  const read = readEpoch(line)
  if (!read.ok) return []
  const { eid, epoch, why, seq, at } = read.value
  return [{ eid, epoch, why, seq, at }]
}

/** The text of the batch, or of the record, that holds a seq; without it ''. */
async function lineAt(store: SpaceStore, seq: number): Promise<string> {
  const [stored] = await store.batches(seq - 1, ONE)
  return stored ? readStoredBatch(stored).text : ''
}

async function writtenAt(store: SpaceStore, { seq }: SpaceHead): Promise<number | undefined> {
  if (seq === 0) return undefined
  const [line = ''] = (await lineAt(store, seq)).split('\n', 1)
  const first = jsonIn(line) as readonly unknown[] | undefined
  // Both of a batch and of a record the third.
  return typeof first?.[2] === 'number' ? first[2] : undefined
}

async function publishedIn(store: SpaceStore): Promise<readonly PublishedVersion[]> {
  const published: PublishedVersion[] = []
  const scan = await store.scan(SCHEMA.name)
  try {
    for (let after: string | undefined; ;) {
      const page = await scan.page(after, READ_BYTES)
      for (const stored of page.states) {
        const [created] = readState(stored)?.writes ?? []
        const valueOf = (reg: string): unknown => created?.values[created.regs.indexOf(reg)]
        const [type, number, revision] = ['type', 'number', 'revision'].map(valueOf)
        if (typeof type === 'string' && typeof number === 'number')
          published.push({ type, number, revision: typeof revision === 'number' ? revision : 0 })
      }
      if (page.next === undefined) break
      after = page.next
    }
  } finally {
    await scan.close()
  }
  return published.sort(
    (a, b) => (a.type < b.type ? -1 : a.type > b.type ? 1 : 0) || a.number - b.number,
  )
}
