import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSyncStore, entity } from '@countersign/core'
import { WIRE_VERSION } from '@countersign/core/message'
import { memorySpaces } from '@countersign/core/ports'
import type { SpaceStores, Transport } from '@countersign/core/ports'
import { authorFrame } from '@countersign/core/protocol'
import { sequence } from '@countersign/core/reviewer'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { type Log, SILENT } from './gateway/types.ts'
import { OWN_SPACE } from './own-space.ts'
import { type RunningReviewers, startReviewer } from './start.ts'

const space = '1f0e9a52-6f0c-4d3c-9a61-0a2f4b7c8d9e'
const nonce = 'A'.repeat(22)

/** Stores that record whether they were closed. */
function watched(): SpaceStores & { closed: boolean } {
  const spaces = memorySpaces()
  const made = {
    closed: false,
    open: (id: string) => spaces.open(id),
    close: async () => {
      made.closed = true
      await spaces.close()
    },
  }
  return made
}

/** A link within this process. */
function wireTo(reviewer: RunningReviewers['reviewer']): Transport {
  return {
    connect(events) {
      const attached = reviewer.connect(
        {
          send: (text) => void setTimeout(() => events.frame(text)),
          close: (reason) => void setTimeout(() => events.closed(reason)),
        },
        { address: 'here' },
      )
      setTimeout(() => events.open())
      return { send: (text) => attached.frame(text), close: () => attached.closed() }
    },
  }
}

test('a started reviewer is ready, and closes itself, its port and its store', async () => {
  const spaces = watched()
  const running = await startReviewer({ spaces, space, port: 0 })
  expect(running.space).toBe(space)
  expect(running.publicKey).toBe(running.reviewer.publicKey)
  expect((await fetch(`${running.url}/readyz`)).status).toBe(200)
  const metrics = await (await fetch(`${running.url}/metrics`)).text()
  expect(metrics).toContain('countersign_commit_seconds_count 0')
  await running.close()
  await running.close()
  expect(spaces.closed).toBe(true)
  await expect(fetch(`${running.url}/healthz`)).rejects.toThrow('fetch failed')
})

test('a start that fails closes the store', async () => {
  const http = createServer()
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done))
  const spaces = watched()
  const { port } = http.address() as AddressInfo
  await expect(startReviewer({ spaces, port })).rejects.toThrow(/is in use$/)
  expect(spaces.closed).toBe(true)
  http.close()
})

test('a space is claimed once; another one is refused before anything is served', async () => {
  const spaces = watched()
  await spaces.open(OWN_SPACE).claimMeta('space', space)
  const other = '2f0e9a52-6f0c-4d3c-9a61-0a2f4b7c8d9e'
  await expect(startReviewer({ spaces, space: other, port: 0 })).rejects.toThrow(
    `the data belong to the space ${space}, not to ${other}`,
  )
})

test('a space is chosen at random when none is given', async () => {
  const chosen = new Set<string>()
  for (let i = 0; i < 2; i++) {
    const running = await startReviewer({ spaces: memorySpaces(), port: 0, metrics: false })
    chosen.add(running.space)
    await running.close()
  }
  expect(chosen.size).toBe(2)
})

test('a greeting of another space is a warning that names both, by default on stderr', async () => {
  const warnings: unknown[] = []
  const log = {
    debug: () => {},
    info: () => {},
    warn: (about: object, text: string) => warnings.push([text, about]),
    error: () => {},
  }
  const running = await startReviewer({ spaces: memorySpaces(), space, log })
  const other = '1f0e9a52-6f0c-4d3c-9a61-0a2f4b7c8d9f'
  const link = { send: () => {}, close: () => {} }
  running.reviewer
    .connect(link, { address: '127.0.0.1' })
    .frame(authorFrame('hello', { v: WIRE_VERSION, space: other, nonce, position: null }))
  await running.close()
  expect(warnings).toEqual([
    [
      'a client was refused; `space` is the one reviewed here',
      expect.objectContaining({ space, why: expect.stringContaining(other) }),
    ],
  ])
})

test('ADM29 a rule that fails is an error with stack, type and message, and no personal id', async () => {
  const Note = entity('note', z.object({ text: z.string() }))
  const lines: unknown[][] = []
  const level =
    (name: string) =>
    (about: object, text: string): void =>
      void lines.push([name, text, about])
  const log = Object.fromEntries(
    ['debug', 'info', 'warn', 'error'].map((name) => [name, level(name)]),
  ) as unknown as Log
  const personalId = 'ann@example.org'
  const rules = {
    note: {
      create: ({ person }: { readonly person: { readonly id: string } }): never => {
        throw new Error(`no rule for ${person.id}`)
      },
    },
  }
  const running = await startReviewer({
    ...{ spaces: memorySpaces(), space, log, port: 0, entities: [Note], rules },
    authenticate: () => ({ personalId }),
  })
  const store = createSyncStore({
    ...{ server: true, space, entities: [Note], transports: [wireTo(running.reviewer)] },
    ...{ auth: 'a token', identity: { personalId } },
  })
  await store.ready
  const { messageId } = store.create(Note, { text: 'never reviewed' })
  await vi.waitFor(() =>
    expect(lines).toContainEqual([
      'error',
      'a rule of the deployment failed',
      expect.objectContaining({
        ...{ space, msgId: messageId, rule: 'note.create', types: ['note'] },
        error: 'no rule for …',
        stack: expect.stringContaining('start.test.ts') as string,
      }),
    ]),
  )
  await store.close()
  await running.close()
  const all = JSON.stringify(lines)
  expect(all).not.toContain(personalId)
  expect(all).not.toContain('a token')
})

describe('several spaces', () => {
  const spaceNo = (no: number): string => `1f0e9a52-6f0c-4d3c-9a61-0a2f4b7c8d0${no}`

  /** Greets as a client of the space, and says which frame came back, and how it was closed. */
  async function greet(
    running: RunningReviewers,
    to: string,
    change = (hello: string): string => hello,
  ): Promise<string> {
    return new Promise((resolve) => {
      const link = {
        send: (text: string) => resolve(/^\["(\w+)"/.exec(text)?.[1] ?? text),
        close: () => {},
      }
      running.reviewer
        .connect(link, { address: 'here' })
        .frame(change(authorFrame('hello', { v: WIRE_VERSION, space: to, nonce, position: null })))
    })
  }

  test('each that is accepted is opened when it is named, under one key, and others are refused', async () => {
    const accepts = [spaceNo(1), spaceNo(2)]
    const running = await startReviewer({ spaces: memorySpaces(), accepts, port: 0, log: SILENT })
    expect(running.reviewer.open).toEqual([])
    expect([await greet(running, spaceNo(1)), await greet(running, spaceNo(2))]).toEqual([
      'welcome',
      'welcome',
    ])
    expect(await greet(running, spaceNo(3))).toBe('bye')
    const keys = running.reviewer.open.map(({ publicKey }) => publicKey)
    expect(keys).toEqual([running.publicKey, running.publicKey])
    const metrics = await (await fetch(`${running.url}/metrics`)).text()
    expect(metrics).toContain('countersign_open_spaces 2')
    expect(metrics).toContain('countersign_connections 2')
    await running.close()
  })

  test("the space where the key is kept is nobody else's", async () => {
    const spaces = memorySpaces()
    const running = await startReviewer({ spaces, accepts: () => true, port: 0, log: SILENT })
    expect(await greet(running, spaceNo(7))).toBe('welcome')
    const nil = (hello: string): string => hello.replace(/"[\w-]{22}"/, `"${'A'.repeat(22)}"`)
    expect(await greet(running, spaceNo(7), nil)).toBe('bye')
    expect(await spaces.open(OWN_SPACE).meta('key')).toContain(running.publicKey)
    await running.close()
    for (const starting of [
      startReviewer({ spaces: memorySpaces(), port: 0, space: OWN_SPACE }),
      startReviewer({ spaces: memorySpaces(), port: 0, accepts: [OWN_SPACE] }),
    ])
      await expect(starting).rejects.toThrow('the nil uuid cannot be reviewed')
  })

  test.for([[spaceNo(1)], () => true])(
    'what does not fit keeps it from starting',
    async (accepts) => {
      const assign = { issue: { number: sequence() } }
      const starting = startReviewer({ spaces: memorySpaces(), accepts, port: 0, assign })
      await expect(starting).rejects.toThrow('not among the entities')
    },
  )
})
