/**
 * Several stores with a reviewer in this process, connected by a wire that delivers asynchronously
 * and in order. For conflicts with other people, and verdicts.
 */
import { createSyncStore, defaultPlatform, memoryStorage, type SyncStore } from '@countersign/core'
import { type LinkEvents, type Transport, memorySpaces } from '@countersign/core/ports'
import { createReviewer, type Reviewer, type Rules } from '@countersign/core/reviewer'
import { onTestFinished, vi } from 'vitest'
import { Issue } from './kit.ts'

export interface Meeting {
  /** One more person, online. */
  open(): Promise<SyncStore>
  /** Writes while all are offline, then has the messages reviewed in the order of `writes`. */
  apart(...writes: readonly (readonly [SyncStore, () => void])[]): Promise<void>
  /** Resolves when every online store has its verdicts and all reviewed messages. */
  settle(): Promise<void>
}

/** Closed at the end of the test, stores first. */
export async function meet(rules?: Rules): Promise<Meeting> {
  const { signer, clock, random } = defaultPlatform()
  const space = crypto.randomUUID()
  const keys = await signer.generate()
  const spaces = memorySpaces()
  const reviewer = await createReviewer({ space, spaces, keys, signer, clock, random, rules })
  const stores: SyncStore[] = []
  onTestFinished(async () => {
    await Promise.all(stores.map((each) => each.close()))
    await reviewer.close()
  })
  const meeting: Meeting = {
    async open() {
      const options = { space, entities: [Issue], storage: memoryStorage() }
      const opened = createSyncStore({ server: true, ...options, transports: [wireTo(reviewer)] })
      stores.push(opened)
      await opened.ready
      return opened
    },
    async apart(...writes) {
      const people = new Set(writes.map(([person]) => person))
      for (const person of people) person.setOnline(false)
      for (const [, write] of writes) write()
      for (const person of people) {
        person.setOnline(true)
        await meeting.settle()
      }
    },
    async settle() {
      // The status follows the writes of this tick at its end; before that an outbox looks empty.
      await new Promise((resolve) => setTimeout(resolve, 2))
      await vi.waitFor(() => {
        const late = stores.find((each) => !isSettled(each, reviewer))
        if (late) throw new Error(JSON.stringify(late.status.getState()))
      }, settlePatience)
    },
  }
  return meeting
}

const settlePatience = { timeout: 10_000, interval: 2 }

function isSettled(store: SyncStore, { state }: Reviewer): boolean {
  const { connection, outboxMessages, position } = store.status.getState()
  if (connection === 'offline') return true
  return outboxMessages === 0 && position?.seq === state.seq && state.pendingCommit === 0
}

function wireTo(reviewer: Reviewer): Transport {
  return {
    connect(events: LinkEvents) {
      let open = true
      const later = (task: () => void): void => void setTimeout(() => open && task(), 0)
      const close = (reason: string): void => {
        open = false
        events.closed(reason)
      }
      const attached = reviewer.connect(
        {
          send: (text) => later(() => events.frame(text)),
          close: (reason) => later(() => close(reason)),
        },
        { address: 'here' },
      )
      later(() => events.open())
      return {
        send: (text) => later(() => attached.frame(text)),
        close: () => {
          if (open) attached.closed()
          open = false
        },
      }
    },
  }
}
