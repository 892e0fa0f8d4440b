/** A browser: a disk, locks and channels that its tabs share, and the person who is signed in there. */
import { type SyncStore, createSyncStore } from '@countersign/core'
import {
  type FaultyDisk,
  ProcessClock,
  type SeededRandom,
  SimChannels,
  SimLocks,
  type TabLocks,
  type VirtualClock,
  loadParts,
  simSigner,
} from '@countersign/core/testing'
import type { Storage, Transport } from '@countersign/core/ports'
import { SPACE } from '../truth.ts'
import { Note } from './note.ts'
import type { Owner, Truth } from './truth.ts'

// Loading takes real time, and the world has none.
await loadParts()

/** Names of tabs: one that is opened again has its name. */
const TABS = 4

/** The part of the world that a tab uses. */
export interface AccountsStage {
  readonly clock: VirtualClock
  readonly random: SeededRandom
  readonly truth: Truth
  readonly publicKey: string
  /** Of every clock: where a day of the world begins. */
  readonly offsetMs: number
  wayOf(process: ProcessClock): Transport
  opened(tab: AccountTab): void
  /** Called when that tab takes anonymous work along. */
  moves(tab: AccountTab): void
  sent(tab: AccountTab, text: string): void
  heard(tab: AccountTab, text: string): void
  fault(invariant: string, what: string): void
}

export class Browser {
  readonly name: string
  readonly disk: FaultyDisk
  readonly locks: SimLocks = new SimLocks()
  readonly channels: SimChannels = new SimChannels()
  readonly tabs = new Set<AccountTab>()
  /** Of tabs so far. */
  openings = 0
  /** The person who is signed in; undefined: none. */
  personId: string | undefined
  /** Whether the next opening takes along what was written before signing in. */
  claims = false
  /** The last person who took anonymous work along. */
  claimer: string | undefined
  /** The last anonymous user who has written here, and whose work is still here. */
  nobody: Owner | undefined
  /** The lifetime of author ids here. */
  readonly lifetime: 'device' | 'day' | 'tab'

  constructor(name: string, disk: FaultyDisk, lifetime: Browser['lifetime'] = 'device') {
    this.name = name
    this.disk = disk
    this.lifetime = lifetime
  }

  /** The storage of a tab. `onMove`: anonymous work is being taken along. */
  storage(process: ProcessClock, onMove: () => void, onErased: () => void): Storage {
    const inner = this.disk.storage(process)
    return {
      async open(onTrouble, partition) {
        const handle = await inner.open(onTrouble, partition)
        return {
          read: () => handle.read(),
          pages: (name, reading) => handle.pages(name, reading),
          waiting: () => handle.waiting(),
          write: (batch) => {
            const isMove = batch.meta?.some(([key]) => key === 'movesTo')
            if (partition === SPACE && isMove) onMove()
            return handle.write(batch)
          },
          claim: (key, value) => handle.claim(key, value),
          async erase() {
            await handle.erase()
            if (partition === SPACE) onErased()
          },
          close: () => handle.close(),
        }
      },
    }
  }
}

/** One opening of a store. */
export class AccountTab {
  readonly browser: Browser
  /** Known when the store is ready: an anonymous owner is named by the key of this browser. */
  owner: Owner
  readonly store: SyncStore
  readonly process: ProcessClock
  isReady = false
  isClosing = false
  isOver = false
  readonly #locks: TabLocks

  constructor(stage: AccountsStage, browser: Browser) {
    const { personId } = browser
    const tabId = `${browser.name}, tab ${browser.openings++ % TABS}`
    this.browser = browser
    this.owner = personId ?? 'nobody yet'
    this.process = new ProcessClock(stage.clock, { offsetMs: stage.offsetMs })
    this.#locks = browser.locks.tab()
    this.store = createSyncStore({
      space: SPACE,
      entities: [Note],
      storage: browser.storage(
        this.process,
        () => stage.moves(this),
        () => (browser.nobody = undefined),
      ),
      transports: [this.#watched(stage)],
      identity: {
        lifetime: browser.lifetime,
        ...(personId !== undefined && { personalId: personId, claim: browser.claims }),
      },
      ...(personId !== undefined && { auth: `token of ${personId}` }),
      reviewerKey: stage.publicKey,
      platform: {
        clock: this.process,
        random: stage.random,
        signer: simSigner({ random: stage.random, clock: this.process }),
        locks: this.#locks,
        channel: browser.channels.tab(this.process),
        tabId: () => tabId,
        warn: undefined,
      },
      onError: (error) => stage.fault('S0', `${this.owner}: ${String(error)}`),
    })
    const note = (): void => {
      const { sessionId, authorId } = this.store.status.getState()
      if (!sessionId || !authorId) return
      if (personId === undefined && !this.isReady)
        this.owner = stage.truth.nobodyOf(authorId, browser.nobody)
      stage.truth.note(sessionId, authorId, this.owner)
    }
    this.store.status.subscribe(note)
    this.store.ready.then(
      () => {
        note()
        this.isReady = true
        if (personId === undefined) browser.nobody = this.owner
        stage.opened(this)
      },
      () => (this.isOver = true),
    )
  }

  get isUsable(): boolean {
    return (
      this.isReady &&
      !this.isOver &&
      !this.isClosing &&
      this.store.status.getState().ended === undefined
    )
  }

  /** Kills the tab, in the middle of any work. */
  kill(): void {
    this.isOver = true
    this.process.kill()
    this.#locks.die()
  }

  #watched(stage: AccountsStage): Transport {
    const way = stage.wayOf(this.process)
    return {
      connect: (events) => {
        const frame = (text: string): void => {
          if (!this.isOver) stage.heard(this, text)
          events.frame(text)
        }
        const link = way.connect({ ...events, frame })
        const send = (text: string): void => {
          stage.sent(this, text)
          link.send(text)
        }
        return { send, close: () => link.close() }
      },
    }
  }
}
