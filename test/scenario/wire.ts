/**
 * A reviewer and stores in one process, joined by an honest wire that delivers later and in
 * order. For scenarios that are about rules, not about networks; the world has the bad ones.
 */
import { type Entity, type StoreOptions, type SyncStore, defaultPlatform } from '@countersign/core'
import { createLimitedStore, loadParts } from '@countersign/core/testing'
import { memorySpaces } from '@countersign/core/ports'
import type { LinkEvents, Storage, Transport } from '@countersign/core/ports'
import { type Reviewer, type ReviewerOptions, createReviewer } from '@countersign/core/reviewer'

// A test that measures time should not pay for the first import.
await loadParts()

export const SPACE = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10'

export interface Scene {
  readonly reviewer: Reviewer
  open(options: OpenOptions): Promise<SyncStore>
  /** Resolves when every store has its verdicts and is at the reviewer's head. */
  settle(): Promise<void>
  close(): Promise<void>
}

export interface OpenOptions {
  readonly entities: readonly Entity[]
  readonly storage?: Storage
  /** SPACE unless said. */
  readonly space?: string
  readonly checkpointSteps?: number
  readonly limits?: Parameters<typeof createLimitedStore>[1]
  readonly identity?: NonNullable<StoreOptions['identity']>
  readonly scope?: StoreOptions['scope']
  readonly platform?: NonNullable<StoreOptions['platform']>
  /** A wire between the store and the honest wire. */
  readonly over?: (honest: Transport) => Transport
}

export async function scene(options: Partial<ReviewerOptions> = {}): Promise<Scene> {
  const { signer, clock, random } = defaultPlatform()
  const reviewer = await createReviewer({
    space: SPACE,
    spaces: memorySpaces(),
    keys: await signer.generate(),
    signer,
    clock,
    random,
    ...options,
  })
  const stores: SyncStore[] = []
  return {
    reviewer,
    async open({ over = (honest) => honest, limits = {}, ...options }) {
      const transports = [over(wireTo(reviewer))]
      const store = createLimitedStore(
        { server: true, space: SPACE, transports, ...options },
        limits,
      )
      stores.push(store)
      await store.ready
      return store
    },
    async settle() {
      // Status follows the writes of this tick at its end; before that an outbox looks empty.
      await new Promise((resolve) => setTimeout(resolve, 2))
      for (let turn = 0; turn < 2_000; turn++) {
        const done = stores.every((store) => {
          const { connection, outboxMessages, position } = store.status.getState()
          const away = connection === 'offline' || connection === 'closed'
          return (
            away ||
            (connection === 'online' && // an online store has published its types
              outboxMessages === 0 &&
              position?.seq === reviewer.state.seq &&
              reviewer.state.pendingCommit === 0)
          )
        })
        if (done) return
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      throw new Error(
        `not settled: ${JSON.stringify(stores.map((store) => store.status.getState()))}`,
      )
    },
    async close() {
      await Promise.all(stores.map((store) => store.close()))
      await reviewer.close()
    },
  }
}

/** `bufferedBytes`: what the reviewer believes has not left its end yet. */
export function wireTo(
  reviewer: Pick<Reviewer, 'connect'>,
  bufferedBytes: () => number = () => 0,
): Transport {
  return {
    connect(events: LinkEvents) {
      let open = true
      const later = (task: () => void): void => void setTimeout(() => open && task(), 0)
      const attached = reviewer.connect(
        {
          send: (text) => later(() => events.frame(text)),
          get bufferedBytes() {
            return bufferedBytes()
          },
          close: (reason) =>
            later(() => {
              open = false
              events.closed(reason)
            }),
        },
        { address: 'here' },
      )
      later(() => events.open())
      return {
        send: (text) => later(() => attached.frame(text)),
        close: () => {
          if (!open) return
          open = false
          attached.closed()
        },
      }
    },
  }
}
