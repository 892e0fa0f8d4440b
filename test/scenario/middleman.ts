/**
 * A middleman between a store and its reviewer, who reads every frame and can send any frame to either
 * end, but has none of their keys; and a world of three authors, in which the link of one of them, bob,
 * goes through the middleman. What bob showed as canonical at any time is kept, and compared with the
 * reviewer's history.
 */
import { type FollowedScope, type Row, type SyncStore, entity } from '@countersign/core'
import { type Position, hashBytes, positionBytes, shortId } from '@countersign/core/message'
import {
  type KeyPair,
  type LinkEvents,
  type Transport,
  memorySpaces,
} from '@countersign/core/ports'
import {
  type AuthorFrame,
  type ReviewerFrame,
  chainOfBatch,
  parseAuthorFrame,
  parseReviewerFrame,
  reviewerFrame,
} from '@countersign/core/protocol'
import { type ReviewerOptions, createReviewer } from '@countersign/core/reviewer'
import { type FaultyDisk, SimLocks, rulesFor, simSigner } from '@countersign/core/testing'
import { expect } from 'vitest'
import { z } from 'zod'
import { Line, VirtualScene } from './line.ts'
import { SPACE } from './wire.ts'

export const Note = entity('note', z.object({ text: z.string(), n: z.number() }))
export const entities = [Note]
export const OTHER_SPACE = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a11'

/** The frames that replace a frame: none, the same, or others. */
export type Rewrite<Frame> = (frame: Frame, text: string) => readonly string[]
const asItIs: Rewrite<unknown> = (_, text) => [text]

export class Middleman extends Line {
  toStore: Rewrite<ReviewerFrame> = asItIs
  toReviewer: Rewrite<AuthorFrame> = asItIs
  /** The frames that the reviewer sent over all links, unchanged. */
  readonly heard: string[] = []
  #events: LinkEvents | undefined

  /** Sends a frame to the store, over the present link. */
  say(text: string): void {
    this.#events?.frame(text)
  }

  /** Passes all frames on unchanged from now on. */
  leave(): void {
    this.toStore = asItIs
    this.toReviewer = asItIs
  }

  /** The newest frame of a kind that the reviewer sent. */
  newest<K extends ReviewerFrame['kind']>(kind: K): ReviewerFrame & { readonly kind: K } {
    const text = this.heard.findLast((each) => each.startsWith(`["${kind}"`))
    return reviewerFrameOf(text!) as ReviewerFrame & { readonly kind: K }
  }

  override connect(events: LinkEvents): ReturnType<Transport['connect']> {
    this.#events = events
    const link = super.connect({
      ...events,
      frame: (text) => {
        this.heard.push(text)
        for (const each of this.toStore(reviewerFrameOf(text), text)) events.frame(each)
      },
    })
    const send = (text: string): void => {
      for (const each of this.toReviewer(authorFrameOf(text), text)) link.send(each)
    }
    const own = { send, close: () => link.close() }
    return Object.defineProperty(own, 'bufferedBytes', { get: () => link.bufferedBytes })
  }
}

function reviewerFrameOf(text: string): ReviewerFrame {
  const frame = parseReviewerFrame(text)
  if (!frame.ok) throw new Error(`the reviewer said ${text.slice(0, 80)}: ${frame.error.message}`)
  return frame.value
}

function authorFrameOf(text: string): AuthorFrame {
  const frame = parseAuthorFrame(text)
  if (!frame.ok) throw new Error(`the store said ${text.slice(0, 80)}: ${frame.error.message}`)
  return frame.value
}

/** A simulated key is its own secret, so a test can sign with any key. */
function keysNamed(letter: string): KeyPair {
  const publicKey = letter.repeat(43)
  return { publicKey, secret: { simulated: publicKey } }
}

export const HONEST = keysNamed('H')
export const OTHER = keysNamed('M')

/** One canonical row as a store showed it. */
interface Shown {
  readonly id: string
  readonly text: string
  readonly n: number
  readonly orderKey: string
  readonly authorId: string
  readonly heads: readonly string[]
}

/** Records everything that a store shows as canonical, and the status of its connection. */
export class Witness {
  readonly shown = new Map<string, Shown>()
  /** `connection`, `connectionRefusal` and `connectionNote`, each time one of them changed. */
  readonly said: string[] = []

  constructor(store: SyncStore) {
    const notes = store.live(Note)
    const look = (): void => {
      for (const row of notes.snapshot().rows) if (row.$state === 'canonical') this.#see(row)
    }
    notes.subscribe(look)
    look()
    store.status.subscribe(({ connection, connectionRefusal, connectionNote }) => {
      const words = [connection, connectionRefusal, connectionNote].filter(Boolean).join(': ')
      if (words !== this.said.at(-1)) this.said.push(words)
    })
  }

  /** Checks that the reviewer had each canonical row that was shown, by the history that an honest store fetches. */
  async wasTrue(honest: SyncStore, scene: VirtualScene): Promise<void> {
    for (const id of new Set([...this.shown.values()].map((shown) => shown.id))) {
      const { entries } = await scene.result(honest.history(Note, id))
      const known = new Set(entries.map(({ messageId }) => messageId))
      for (const shown of this.shown.values()) {
        if (shown.id !== id) continue
        const { orderKey, authorId, text, n, heads } = shown
        const before = entries.filter((entry) => entry.orderKey! <= orderKey)
        expect(before.at(-1), JSON.stringify(shown)).toMatchObject({ orderKey, authorId })
        for (const [field, value] of Object.entries({ text, n })) {
          const isOne = before.some(({ values }) => values[field] === value)
          expect(isOne, `${field} of ${JSON.stringify(shown)}`).toBe(true)
        }
        expect(heads.filter((head) => !known.has(head))).toEqual([])
      }
    }
  }

  #see(row: Row<typeof Note>): void {
    const { id, text, n, $orderKey: orderKey, $author: authorId, $heads: heads } = row
    this.shown.set(`${id} ${orderKey} ${text} ${n} ${heads.join()}`, {
      ...{ id, text, n, orderKey, authorId, heads },
    })
  }
}

export interface WorldOptions {
  readonly reviewer?: Partial<ReviewerOptions>
  /** Time that bob needs to make or check a signature. */
  readonly signerMs?: number
  /** Whether bob's platform checks signatures itself. */
  readonly isNative?: boolean
  /** The storage of bob's store. */
  readonly scope?: FollowedScope | undefined
}

export class World {
  readonly scene: VirtualScene
  readonly ann: SyncStore
  readonly carl: SyncStore
  readonly bob: SyncStore
  readonly way: Middleman
  readonly disk: FaultyDisk
  readonly witness: Witness
  readonly #locks: SimLocks

  private constructor(parts: {
    readonly scene: VirtualScene
    readonly ann: SyncStore
    readonly carl: SyncStore
    readonly bob: SyncStore
    readonly way: Middleman
    readonly disk: FaultyDisk
    readonly locks: SimLocks
  }) {
    this.scene = parts.scene
    this.ann = parts.ann
    this.carl = parts.carl
    this.bob = parts.bob
    this.way = parts.way
    this.disk = parts.disk
    this.#locks = parts.locks
    this.witness = new Witness(this.bob)
  }

  /** Ann, carl and bob are online; bob has met his reviewer, over a link that is honest so far. */
  static async open({
    reviewer = {},
    signerMs = 0,
    isNative = true,
    scope,
  }: WorldOptions = {}): Promise<World> {
    const scene = await VirtualScene.open({
      keys: HONEST,
      rules: rulesFor(['note'], (_, { values }) => values['text'] !== 'bomb' || 'no bombs'),
      ...reviewer,
    })
    const ann = await scene.page(scene.line(), { entities })
    const carl = await scene.page(scene.line(), { entities })
    const way = new Middleman(scene)
    const disk = scene.disk()
    const locks = new SimLocks()
    const bob = await scene.page(way, { entities, disk, locks, signerMs, isNative, scope })
    const world = new World({ scene, ann, carl, bob, way, disk, locks })
    await world.settle()
    return world
  }

  get seq(): number {
    return this.scene.reviewer.state.seq
  }

  pass(ms: number): Promise<void> {
    return this.scene.pass(ms)
  }

  /** Ann creates a row, and waits until the honest stores have it. */
  async write(text: string, n = 0): Promise<string> {
    const { id } = this.ann.create(Note, { text, n })
    await this.pass(50)
    return id
  }

  /** Ann and carl write the same row concurrently: the batch has a review, with the base and its value. */
  async clash(id: string, text: string): Promise<void> {
    this.carl.setOnline(false)
    await this.pass(10)
    this.carl.update(Note, id, { text: `${text} by carl` })
    this.ann.update(Note, id, { text: `${text} by ann` })
    await this.pass(50)
    this.carl.setOnline(true)
    await this.pass(100)
  }

  /** Whether a store has all that the reviewer has, and nothing of its own waits. */
  has(store: SyncStore): boolean {
    const { connection, outboxMessages, position } = store.status.getState()
    return connection === 'online' && outboxMessages === 0 && position?.seq === this.seq
  }

  async settle(mostMs = 60_000): Promise<void> {
    const all = [this.ann, this.carl, this.bob]
    const { reviewer } = this.scene
    await this.scene.until(
      () => reviewer.state.pendingCommit === 0 && all.every((store) => this.has(store)),
      mostMs,
    )
  }

  /**
   * The middleman leaves. Checks that everything continues, and that all stores have the same; that
   * nothing was shown as canonical that the reviewer never had; and that a store that opens bob's
   * storage shows the same, too.
   */
  async heal(): Promise<void> {
    this.way.leave()
    const late = this.bob.create(Note, { text: 'after the middleman', n: 1 })
    await this.settle()
    expect(late.state).toBe('accepted')
    expect(this.bob.status.getState()).toMatchObject({
      connection: 'online',
      connectionRefusal: undefined,
      halted: undefined,
      damaged: [],
      alarm: undefined,
    })
    expect(rowsOf(this.bob)).toEqual(rowsOf(this.ann))
    await this.witness.wasTrue(this.ann, this.scene)
    await this.scene.result(this.bob.close())
    const again = await this.scene.page(this.scene.line(), {
      entities,
      disk: this.disk,
      locks: this.#locks,
      online: false,
    })
    expect(rowsOf(again)).toEqual(rowsOf(this.ann))
    expect(again.status.getState()).toMatchObject({ outboxMessages: 0, damaged: [] })
  }

  /** Everything that bob has stored, as text. */
  get stored(): string {
    const { segments, meta } = this.disk.content
    return [
      ...segments.map(({ text }) => text),
      ...this.disk.pages.flatMap(({ text, keys }) => [text, keys?.text ?? '']),
      JSON.stringify([...meta]),
    ].join('\n')
  }

  /** Texts of bob's rows that he shows as canonical. */
  get canonicalTexts(): readonly string[] {
    const { rows } = this.bob.query(Note)
    return rows.flatMap(({ text, $state }) => ($state === 'canonical' ? [text] : [])).sort()
  }

  /** Another reviewer, and lines to it. It has an epoch of its own, with any key. */
  async otherReviewer(keys: KeyPair = OTHER): Promise<{ line: () => Line }> {
    await this.pass(10)
    const { clock, random } = this.scene
    const made = createReviewer({
      ...{ space: SPACE, spaces: memorySpaces(), keys, signer: simSigner(this.scene) },
      ...{ clock, random },
    })
    const reviewer = await this.scene.result(made)
    return { line: () => new Line({ clock, reviewer } as unknown as VirtualScene) }
  }

  /** A `tail` of another reviewer, with a batch that creates a note. */
  async tailOfOther(text: string, keys: KeyPair = OTHER): Promise<TailFrame> {
    const other = await this.otherReviewer(keys)
    const mallory = await this.scene.page(other.line(), { entities })
    const line = other.line()
    await this.scene.page(line, { entities })
    await this.pass(100)
    mallory.create(Note, { text, n: 7 })
    await this.pass(100)
    const frame = line.sent.findLast(
      ({ kind, direction }) => kind === 'tail' && direction === 'down',
    )
    return reviewerFrameOf(frame!.text) as TailFrame
  }
}

export type TailFrame = ReviewerFrame & { readonly kind: 'tail' }

/** A batch as it would follow a position. */
export function batchAfter(batch: string, { seq }: Position): string {
  return batch.replace(/^\["batch",\d+/, `["batch",${seq + 1}`)
}

/** The rows of a store, with their verdicts and conflicts. */
export function rowsOf(store: SyncStore): readonly object[] {
  return store
    .query(Note)
    .rows.map((row) => ({
      ...row,
      // In a conflict each author is shown its own value.
      ...Object.fromEntries(Object.keys(row.$conflicts).map((field) => [field, 'in conflict'])),
      state: row.$state,
      orderKey: row.$orderKey,
      createdOrderKey: row.$createdOrderKey,
      authorId: row.$author,
      heads: row.$heads,
      conflicts: Object.entries(row.$conflicts).map(([field, { base, candidates }]) => ({
        ...{ field, base },
        candidates: candidates.map(({ value, msgId, authorId }) => [value, msgId, authorId]),
      })),
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** The position after a batch of one message, signed with a key. */
export async function positionAfter(
  before: Position,
  batch: string,
  keys: KeyPair,
): Promise<Position> {
  const chain = chainOfBatch(batch, { before, sessions: [] })
  if (!chain.ok) throw new Error(chain.error.message)
  const position = { ...before, seq: before.seq + 1, chain: chain.value }
  return { ...position, sig: await sign(keys, positionBytes(SPACE, position)) }
}

/** A `tail` with one batch at that position. */
export function tailAt(batch: string, position: Position): string {
  return reviewerFrame('tail', { batches: [batch.split('\n').length], position }, batch)
}

/** The same, where the position follows `before` and these keys sign it. */
export async function tailAfter(before: Position, batch: string, keys: KeyPair): Promise<string> {
  return tailAt(batch, await positionAfter(before, batch, keys))
}

export function sign({ publicKey }: KeyPair, bytes: Uint8Array): Promise<string> {
  const secret = { simulated: publicKey }
  const random = { bytes: (count: number) => new Uint8Array(count), unit: () => 0 }
  return simSigner({ random }).sign({ publicKey, secret }, bytes)
}

/** What a reviewer signs to acknowledge accepted messages of a session (VRD5). */
export function acceptedBytes(
  space: string,
  { eid, epoch, sessionId }: { eid: string; epoch: number; sessionId: string },
  rows: readonly (readonly [number, number, number, number])[],
): Uint8Array {
  return hashBytes('cs/accepted', [shortId(space), shortId(eid), epoch, shortId(sessionId), rows])
}
