/**
 * What the parts of the storage contract share: what an adapter's tests must provide, and
 * small makers of segments, runs and checkpoints.
 */
import {
  type Advance,
  type Checkpoint,
  type Page,
  type Segment,
  type Storage,
  type StorageHandle,
  type StoredSegment,
  type StoredState,
  type WriteBatch,
  allPages,
} from '@countersign/core/ports'
import { expect } from 'vitest'

export interface StorageFixture {
  /** Empty, and shared with no other fixture. */
  readonly storage: Storage
  /** Another object over the same data, as a later visit has it. */
  again(): Storage
}

export interface StorageFaults {
  /** The next write fails when it has stored that many records. Returns the end of the fault. */
  tearWriteAfter(records: number): () => void
}

export const emptyState: StoredState = {
  segments: [],
  outbox: [],
  settled: new Map(),
  meta: new Map(),
  advance: undefined,
  checkpoint: undefined,
}

export const noTrouble = (): void => undefined

export function open({ storage }: StorageFixture): Promise<StorageHandle> {
  return storage.open(noTrouble)
}

export function segment(
  key: string,
  kind: Segment['kind'] = 'own',
  text = `text of ${key}`,
): Segment {
  return { key, kind, ids: [`${key}.1`, `${key}.2`], text, check: `check of ${key}` }
}

/** A run of the tail that ends at `rank`. */
export function tail(key: string, rank: number): Segment {
  return { ...segment(key, 'tail'), rank }
}

export function segmentsOf(...keys: readonly string[]): readonly Segment[] {
  return keys.map((key) => segment(key))
}

/** One segment of each kind; the tail one ends at `rank`. */
export function mixed(rank: number): readonly Segment[] {
  return [
    segment(`own${rank}`, 'own'),
    tail(`tail${rank}`, rank),
    segment(`rej${rank}`, 'rejections'),
  ]
}

export function checkpoint(rank: number, ...texts: readonly string[]): Checkpoint {
  const pages = texts.map((text, no) => page(no, text))
  return { name: `at ${rank}`, head: `head ${rank}`, check: `check ${rank}`, rank, pages }
}

export function page(no: number, text: string): Page {
  return { no, text, check: `check of ${text}` }
}

/** The stored state with the pages of its checkpoint. */
export async function readWhole(
  handle: StorageHandle,
): Promise<Omit<StoredState, 'checkpoint'> & { readonly checkpoint: Checkpoint | undefined }> {
  const state = await handle.read()
  if (!state.checkpoint) return { ...state, checkpoint: undefined }
  const pages = await allPages(handle, state.checkpoint.name)
  expect(pages, 'the checkpoint that was read is the stored one').toBeDefined()
  return { ...state, checkpoint: { ...state.checkpoint, pages: pages! } }
}

export function textsOf(stored: Checkpoint | undefined): readonly string[] | undefined {
  return stored?.pages.map(({ text }) => text)
}

export function advance(rank: number, fromRank = 0): Advance {
  return { rank, fromRank, text: `position ${rank}` }
}

export function strict(parts: Omit<WriteBatch, 'durability'>): WriteBatch {
  return { durability: 'strict', ...parts }
}

/** A run of the tail that brings the position from `fromRank` to `rank`. */
export function run(rank: number, key: string, fromRank = 0): WriteBatch {
  return {
    durability: 'relaxed',
    segments: [tail(key, rank)],
    advance: advance(rank, fromRank),
  }
}

/** A checkpoint that brings its position along. */
export function snapshot(rank: number, ...pages: readonly string[]): WriteBatch {
  return {
    durability: 'relaxed',
    checkpoint: checkpoint(rank, ...pages),
    advance: advance(rank),
  }
}

export function keysOf(segments: readonly (Segment | StoredSegment)[]): readonly string[] {
  return segments.map(({ key }) => key)
}

export async function expectTrouble(call: Promise<unknown>, trouble: string): Promise<void> {
  await expect(call).rejects.toMatchObject({ name: 'StorageError', trouble })
}
