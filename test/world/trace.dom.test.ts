/** A trace of a store: the world replays it, the panel opens it, and it has no secrets. */
import {
  type SyncStore,
  createSyncStore,
  defaultPlatform,
  entity,
  memoryStorage,
} from '@countersign/core'
import { inspect } from '@countersign/core/inspect'
import {
  type Trace,
  TraceSource,
  makeTrace,
  mountPanel,
  readTrace,
} from '@countersign/devtools/panel'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type Scene, SPACE, scene, wireTo } from '../scenario/wire.ts'
import { runTrace } from './trace-cli.ts'
import { replayTrace } from './trace-replay.ts'

const Issue = entity(
  'issue',
  z.object({ title: z.string(), points: z.number().int().default(0), note: z.string().optional() }),
)
const Page = entity('page', z.object({ text: z.string() }), {
  idPolicy: 'supplied',
  onExists: 'fork',
})
const entities = [Issue, Page]

vi.setConfig({ testTimeout: 30_000 })

let open: Scene | undefined

afterEach(async () => {
  await open?.close()
  open = undefined
})

/** A history of two persons: conflicts, resolves, an archiving, second roots, an outbox. */
async function story(): Promise<SyncStore> {
  open = await scene({ entities })
  const on = open
  const ann = await on.open({ entities, storage: memoryStorage() })
  // A store keeps overwritten messages only while a panel is attached.
  inspect(ann)!.subscribe(() => {})
  const bob = await on.open({ entities })
  const apart = async (byAnn: () => void, byBob: () => void): Promise<void> => {
    for (const [store, write] of [
      [ann, byAnn],
      [bob, byBob],
    ] as const) {
      store.setOnline(false)
      write()
    }
    ann.setOnline(true)
    await on.settle()
    bob.setOnline(true)
    await on.settle()
  }
  const ids = ['A', 'B', 'C', 'D'].map((title) => ann.create(Issue, { title }).id)
  await on.settle()
  for (const [at, id] of ids.entries()) {
    await apart(
      () => ann.update(Issue, id, { title: `by ann ${at}`, note: 'kept' }),
      () => bob.update(Issue, id, { title: `by bob ${at}`, points: at }),
    )
  }
  ann.resolve(Issue, ids[1]!, { title: 'by bob 1' })
  bob.update(Issue, ids[2]!, { title: 'another' })
  await apart(
    () => ann.archive(Issue, ids[3]!),
    () => bob.update(Issue, ids[3]!, { note: undefined }),
  )
  const page = '5b1f4c1e-30a4-8f0e-9a58-0f2f5a3f6a11'
  await apart(
    () => ann.create(Page, { text: 'one root' }, { id: page }),
    () => bob.create(Page, { text: 'another' }, { id: page }),
  )
  ann.transact(() => {
    ann.update(Issue, ids[0]!, { points: 3 })
    ann.update(Page, page, { text: 'both at once' })
  })
  await on.settle()
  ann.setOnline(false)
  ann.update(Issue, ids[1]!, { points: 7 })
  ann.create(Issue, { title: 'waits' })
  await ann.flushed()
  return ann
}

const save = async (store: SyncStore, redact = false): Promise<Trace> =>
  makeTrace(inspect(store)!, { redact, now: 1_700_000_000_000 })

/** The trace as it is read from its file. */
const read = (trace: unknown): Trace => {
  const outcome = readTrace(JSON.stringify(trace))
  if (!outcome.ok) throw new Error(outcome.message)
  return outcome.trace
}

describe('a trace, replayed', () => {
  it.each([
    ['with its values', false],
    ['without its values', true],
  ])(
    '8: %s: the same rows in the same order of reviews, what waits included',
    async (_, redact) => {
      const trace = read(await save(await story(), redact))
      const report = await replayTrace(trace)
      expect(report).toMatchObject({ rows: 6, leftOut: 0, differences: [] })
      expect(report.accepted).toBe(report.messages)
      // Versions of types are no rows of the app: a replay leaves them out.
      const ofRows = trace.messages.filter(({ changes }) => changes[0]!.type !== '$schema')
      expect(report.messages).toBe(ofRows.length)
      expect(report.digest).toBe((await replayTrace(trace)).digest)
    },
  )

  it('detects a changed trace', async () => {
    const trace = await save(await story())
    const changed = (change: (text: string) => string): Trace =>
      read({ ...trace, messages: JSON.parse(change(JSON.stringify(trace.messages))) as unknown })
    const value = await replayTrace(changed((text) => text.replace('"by ann 0"', '"by eve 0"')))
    expect(value.differences).toEqual([
      expect.stringContaining('another in a store that listened'),
      expect.stringContaining('another in a store that came afterwards'),
    ])
    const forked = changed((text) => text.replace('"forked":true', '"forked":false'))
    expect((await replayTrace(forked)).differences.join()).toContain('forked here alone')
    const keep = changed((text) => text.replace(/"keep":\{[^}]*\}/, '"keep":{}'))
    expect((await replayTrace(keep)).differences.length).toBeGreaterThan(0)
  })

  it('leaves out rows whose creation it does not hold, and compares the others', async () => {
    const trace = await save(await story())
    // The versions of the types may be published before.
    const at = trace.messages.findIndex(({ changes }) => changes[0]!.type === Issue.name)
    expect(trace.messages[at]!.changes[0]).toMatchObject({ kind: 'create' })
    const rest = trace.messages.toSpliced(at, 1)
    const report = await replayTrace(read({ ...trace, messages: rest }))
    expect(report).toMatchObject({ rows: 5, leftOut: 1, differences: [] })
  })
})

describe('pnpm world --trace', () => {
  it('ends with 0 where the rows are the same, and with 1 where they are not or cannot be', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-trace-'))
    const said: string[] = []
    for (const method of ['log', 'error'] as const)
      vi.spyOn(console, method).mockImplementation((text: string) => void said.push(text))
    try {
      const trace = await save(await story())
      const run = (content: object): Promise<number> => {
        const file = join(folder, 'trace.json')
        writeFileSync(file, JSON.stringify(content))
        return runTrace(file)
      }
      expect(await run(trace)).toBe(0)
      expect(said.at(-1)).toMatch(
        /trace.json: 21 of 21 messages accepted, 6 rows equal, digest \w+$/,
      )
      const rows = trace.rows.map((row) => ({ ...row, digest: 'another' }))
      expect(await run({ ...trace, rows })).toBe(1)
      expect(await run({ ...trace, messages: [] })).toBe(1)
      expect(said.at(-1)).toBe('world: nothing could be compared')
      expect(await run({ format: 'something else' })).toBe(1)
      expect(said.at(-1)).toContain('not a trace')
    } finally {
      vi.restoreAllMocks()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('a trace, opened in the panel', () => {
  it('shows the rows of the store that it was saved from', async () => {
    const trace = read(await save(await story()))
    const source = new TraceSource(trace)
    const rows = await source.ask({ kind: 'rows', type: 'issue' })
    expect(rows.map(({ title }) => title)).toContain('waits')
    const end = mountPanel(document.body, source)
    const { shadowRoot } = document.querySelector('[data-countersign-devtools]')!
    const text = (): string => shadowRoot!.textContent
    await expect.poll(text).toContain('Open 2')
    shadowRoot!.querySelector<HTMLElement>('[data-tab=entity]')!.click()
    await expect.poll(text).toContain('issue (5)')
    end()
  })
})

describe('a trace, searched for secrets', () => {
  it('23: holds no private key, no token, no personal id, no salt of one and no signature of an opening', async () => {
    open = await scene({
      entities,
      authenticate: (token) =>
        token === 'canary-token'
          ? { personalId: 'canary-person' }
          : `canary-person may not come in with ${token}`,
    })
    const { signer } = defaultPlatform()
    const storage = memoryStorage()
    const warned: string[] = []
    const secrets: string[] = ['canary-person', 'canary-token', 'canary-expired']
    const store = createSyncStore({
      space: SPACE,
      entities,
      storage,
      transports: [wireTo(open.reviewer)],
      identity: { personalId: 'canary-person' },
      auth: 'canary-expired',
      platform: {
        warn: (text) => warned.push(text),
        signer: {
          ...signer,
          generate: async () => {
            const pair = await crypto.subtle.generateKey({ name: 'Ed25519' }, true, [
              'sign',
              'verify',
            ])
            const { privateKey, publicKey } = pair as CryptoKeyPair
            const jwk = await crypto.subtle.exportKey('jwk', privateKey)
            secrets.push(jwk.d!)
            const raw = await crypto.subtle.exportKey('jwk', publicKey)
            return { publicKey: raw.x!, secret: privateKey }
          },
        },
      },
    })
    await store.ready
    const end = inspect(store)!.subscribe(() => {})
    await vi.waitFor(() => expect(store.status.getState().connection).toBe('unauthorised'))
    const refused = JSON.stringify(await save(store))
    expect(refused).toContain('may not come in')
    await vi.waitFor(() => expect(warned).toHaveLength(1))
    expect(warned[0]).toContain('may not come in')
    for (const secret of secrets) expect(refused + warned[0]!).not.toContain(secret)
    store.setAuth('canary-token')
    const receipt = store.create(Issue, { title: 'planted beside the canary' })
    await receipt.settled()
    const handle = await storage.open(() => {})
    for (const [key, value] of (await handle.read()).meta) {
      if (!key.startsWith('session:')) continue
      const opening = value as { personalId: string; salt: string; sig: string }
      expect(opening.personalId).toBe('canary-person')
      secrets.push(opening.salt, opening.sig)
    }
    await handle.close()
    expect(secrets).toHaveLength(6)
    for (const redact of [false, true]) {
      const trace = await save(store, redact)
      const text = JSON.stringify(trace)
      expect(text).toContain(receipt.messageId)
      expect(text.includes('planted beside')).toBe(!redact)
      expect(trace.events.length).toBeGreaterThan(2)
      for (const secret of secrets) expect(text).not.toContain(secret)
      for (const word of ['salt', 'secret', 'personalId', 'privateKey'])
        expect(text).not.toContain(`"${word}"`)
    }
    end()
    await store.close()
  })
})
