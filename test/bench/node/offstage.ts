/**
 * A thread with all that must not count as memory of the replica: its reviewer, and the storage
 * that keeps its facts. The replica reaches both through messages.
 */
import { defaultPlatform, memoryStorage } from '@countersign/core'
import {
  type Link,
  type Storage,
  type StorageHandle,
  type Transport,
  memorySpaces,
} from '@countersign/core/ports'
import { createReviewer } from '@countersign/core/reviewer'
import { sqliteSpaces } from '@countersign/reviewer'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { SPACE } from './stores.ts'

type Up =
  | {
      readonly to: 'storage'
      readonly call: number
      readonly name: keyof StorageHandle
      readonly args: readonly unknown[]
    }
  | {
      readonly to: 'link'
      readonly link: number
      readonly what: 'open' | 'frame' | 'close'
      readonly text?: string
    }

type Down =
  | { readonly from: 'storage'; readonly call: number; readonly value: unknown }
  | {
      readonly from: 'link'
      readonly link: number
      readonly what: 'open' | 'frame' | 'closed'
      readonly text?: string
    }

export interface Offstage {
  readonly storage: Storage
  readonly transport: Transport
  close(): Promise<void>
}

/** `folder`: the reviewer keeps its space there, in SQLite; without one, in memory and without states. */
export function startOffstage(folder?: string): Offstage {
  const worker = new Worker(new URL(import.meta.url), { workerData: { folder } })
  const calls = new Map<number, (value: unknown) => void>()
  const links = new Map<number, Parameters<Transport['connect']>[0]>()
  let count = 0
  const post = (message: Up): void => worker.postMessage(message)
  worker.on('message', (message: Down) => {
    if (message.from === 'storage') {
      calls.get(message.call)?.(message.value)
      calls.delete(message.call)
      return
    }
    const events = links.get(message.link)
    if (message.what === 'open') events?.open()
    else if (message.what === 'frame') events?.frame(message.text!)
    else events?.closed(message.text ?? '')
  })
  const ask = (name: keyof StorageHandle, ...args: readonly unknown[]): Promise<never> =>
    new Promise((resolve) => {
      calls.set(++count, resolve as (value: unknown) => void)
      post({ to: 'storage', call: count, name, args })
    })
  const handle: StorageHandle = {
    read: () => ask('read'),
    pages: () => Promise.resolve(false), // read by one store only, before it has any
    waiting: () => ask('waiting'),
    write: (batch) => ask('write', batch),
    claim: (key, value) => ask('claim', key, value),
    erase: () => ask('erase'),
    close: async () => {},
  }
  return {
    storage: { open: async () => handle },
    transport: {
      connect(events): Link {
        const link = ++count
        links.set(link, events)
        post({ to: 'link', link, what: 'open' })
        return {
          send: (text) => post({ to: 'link', link, what: 'frame', text }),
          close: () => {
            links.delete(link)
            post({ to: 'link', link, what: 'close' })
          },
        }
      },
    },
    close: async () => {
      await worker.terminate()
    },
  }
}

async function serve(
  port: NonNullable<typeof parentPort>,
  { folder }: { readonly folder?: string },
): Promise<void> {
  const spaces = folder === undefined ? memorySpaces() : sqliteSpaces(folder)
  const { signer, clock, random } = defaultPlatform()
  const ready = Promise.all([
    memoryStorage().open(() => {}),
    signer
      .generate()
      .then((keys) => createReviewer({ space: SPACE, spaces, keys, signer, clock, random })),
  ])
  const links = new Map<number, { frame(text: string): void; closed(): void }>()
  const post = (message: Down): void => port.postMessage(message)
  port.on('message', (message: Up) => {
    void ready.then(async ([handle, reviewer]) => {
      if (message.to === 'storage') {
        const method = handle[message.name] as (...args: readonly unknown[]) => Promise<unknown>
        post({
          from: 'storage',
          call: message.call,
          value: await method.call(handle, ...message.args),
        })
        return
      }
      const { link, what, text } = message
      if (what === 'frame') links.get(link)?.frame(text!)
      else if (what === 'close') links.get(link)?.closed()
      else {
        const end = {
          send: (frame: string) => post({ from: 'link', link, what: 'frame', text: frame }),
          close: (reason: string) => post({ from: 'link', link, what: 'closed', text: reason }),
        }
        links.set(link, reviewer.connect(end, { address: 'here' }))
        post({ from: 'link', link, what: 'open' })
      }
    })
  })
}

if (!isMainThread && parentPort) {
  await serve(parentPort, workerData as { readonly folder?: string })
}
