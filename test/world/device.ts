/** One device: a disk that its tabs share, their locks, and the error of its clock. */
import {
  type ClockSkew,
  type DiskRecord,
  type FaultyDisk,
  SimLocks,
} from '@countersign/core/testing'
import { whoamiId } from '@countersign/core/message'
import { draftedIn } from './drafted.ts'

export class Device {
  readonly name: string
  readonly disk: FaultyDisk | undefined
  readonly locks: SimLocks = new SimLocks()
  readonly skew: ClockSkew
  /** Whether its stores follow parts of the space. */
  readonly isFollower: boolean
  /** Drafts whose record was destroyed, by session and number. */
  readonly lostDrafts = new Set<string>()
  /** Own messages whose only durable copy was destroyed: rotten, or evicted. */
  readonly lost = new Set<string>()
  /** Sessions whose key or record was destroyed: once they have ended, no store can bind them. */
  readonly mute = new Set<string>()
  #tabs = 0
  #hadOtherTrouble = false
  readonly #rotten = new Set<string>()

  constructor(
    name: string,
    disk: FaultyDisk | undefined,
    { isFollower, ...skew }: ClockSkew & { readonly isFollower: boolean },
  ) {
    this.name = name
    this.disk = disk
    this.skew = skew
    this.isFollower = isFollower
  }

  /** Whether this disk ever refused or lost something that was not a crash. */
  get hadTrouble(): boolean {
    return this.#hadOtherTrouble || this.lostDrafts.size > 0
  }

  set hadTrouble(had: boolean) {
    this.#hadOtherTrouble ||= had
  }

  /** Whether it has lost nothing except drafts that are known to be lost. */
  get hasLostOnlyDrafts(): boolean {
    return !this.#hadOtherTrouble
  }

  /** One of its records rots, if there is one of that kind; its key, and what was in it. */
  rot(
    kind: DiskRecord,
    pick: (below: number) => number,
  ): { readonly key: string; readonly ids: readonly string[] } | undefined {
    const { segments } = this.disk!.content
    const key = this.disk!.rot(kind, pick)
    if (key === undefined) return undefined
    const rotten = segments.filter((segment) => segment.key === key)
    if (kind === 'keys') return { key, ids: [] } // a store reads on without them
    if (kind !== 'draft') this.hadTrouble = true
    else if (!this.#rotten.has(key))
      for (const draft of rotten.flatMap(({ text }) => draftedIn(text)))
        this.lostDrafts.add(draft.key)
    this.#rotten.add(key)
    return { key, ids: rotten.flatMap(({ ids }) => ids) }
  }

  /** Whether nothing of the space was ever stored here, or all of it was lost. */
  get isEmpty(): boolean {
    const { segments, advance, checkpoint } = this.disk!.content
    return segments.length === 0 && !advance && !checkpoint
  }

  /** Whether the key of an author is stored here. */
  hasKeyOf(authorId: string): boolean {
    const stored = [...(this.disk?.content.meta ?? [])]
    return stored.some(([, value]) => {
      const { keys } = Object(value) as { readonly keys?: { readonly publicKey: string } }
      return keys !== undefined && whoamiId(keys.publicKey) === authorId
    })
  }

  nextTabName(): string {
    return `${this.name}${++this.#tabs}`
  }

  /** Whether it has several tabs, each of which may have stored a part of what is there. */
  get isShared(): boolean {
    return this.#tabs > 1
  }
}
