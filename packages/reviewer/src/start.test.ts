import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WIRE_VERSION } from '@countersign/core/message'
import type { ReviewerStore } from '@countersign/core/ports'
import { authorFrame } from '@countersign/core/protocol'
import { expect, test } from 'vitest'
import { StoreError } from './store/errors.ts'
import { memoryReviewerStore } from './store/memory.ts'
import { startReviewer } from './start.ts'

const space = '1f0e9a52-6f0c-4d3c-9a61-0a2f4b7c8d9e'

async function isClosed(store: ReviewerStore): Promise<boolean> {
  return store.load().then(
    () => false,
    (error) => error instanceof StoreError && error.trouble === 'closed',
  )
}

test('a started reviewer is ready, and closes itself, its port and its store', async () => {
  const store = memoryReviewerStore()
  const running = await startReviewer({ store, space, port: 0 })
  expect(running.space).toBe(space)
  expect(running.publicKey).toBe(running.reviewer.publicKey)
  expect((await fetch(`${running.url}/readyz`)).status).toBe(200)
  const metrics = await (await fetch(`${running.url}/metrics`)).text()
  expect(metrics).toContain('countersign_commit_seconds_count 0')
  await running.close()
  await running.close()
  expect(await isClosed(store)).toBe(true)
  await expect(fetch(`${running.url}/healthz`)).rejects.toThrow('fetch failed')
})

test('a start that fails closes the store', async () => {
  const http = createServer()
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done))
  const store = memoryReviewerStore()
  const { port } = http.address() as AddressInfo
  await expect(startReviewer({ store, port })).rejects.toThrow(/is in use$/)
  expect(await isClosed(store)).toBe(true)
  http.close()
})

test('a space is claimed once; another one is refused before anything is served', async () => {
  const store = memoryReviewerStore()
  await store.claimMeta('space', space)
  const other = '2f0e9a52-6f0c-4d3c-9a61-0a2f4b7c8d9e'
  await expect(startReviewer({ store, space: other, port: 0 })).rejects.toThrow(
    `the data belong to the space ${space}, not to ${other}`,
  )
})

test('a space is chosen at random when none is given', async () => {
  const spaces = new Set<string>()
  for (let i = 0; i < 2; i++) {
    const running = await startReviewer({ store: memoryReviewerStore(), port: 0, metrics: false })
    spaces.add(running.space)
    await running.close()
  }
  expect(spaces.size).toBe(2)
})

test('a greeting of another space is a warning that names both, by default on stderr', async () => {
  const warnings: unknown[] = []
  const log = {
    debug: () => {},
    info: () => {},
    warn: (about: object, text: string) => warnings.push([text, about]),
    error: () => {},
  }
  const running = await startReviewer({ store: memoryReviewerStore(), space, log })
  const other = '1f0e9a52-6f0c-4d3c-9a61-0a2f4b7c8d9f'
  const link = { send: () => {}, close: () => {} }
  running.reviewer
    .connect(link, { address: '127.0.0.1', auth: undefined })
    .frame(authorFrame('hello', { v: WIRE_VERSION, space: other, position: null }))
  await running.close()
  expect(warnings).toEqual([
    [
      'a client was refused; `space` is the one reviewed here',
      expect.objectContaining({ space, why: expect.stringContaining(other) }),
    ],
  ])
})
