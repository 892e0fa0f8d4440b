/** Numbers that the reviewer assigns: the same on every screen, and without gaps, whichever process dies at any moment. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import {
  type Receipt,
  type SyncStore,
  createSyncStore,
  entity,
  memoryStorage,
} from '@countersign/core'
import type { Transport } from '@countersign/core/ports'
import { type ReviewerOptions, sequence } from '@countersign/core/reviewer'
import { socketIo } from '@countersign/transport-socketio'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Invoice, StrictInvoice } from './invoice.ts'
import { type Scene, SPACE, scene } from './wire.ts'

const assigning: Partial<ReviewerOptions> = {
  entities: [StrictInvoice],
  assign: { invoice: { number: sequence() } },
}
const entities = [Invoice]

let open: Scene | undefined
const children = new Set<ChildProcess>()
const folders: string[] = []
const stores: SyncStore[] = []

afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
  await open?.close()
  open = undefined
  for (const child of children) child.kill('SIGKILL')
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })))
})

const numbers = (store: SyncStore): unknown[] =>
  store.query(Invoice, { orderBy: ['number'] }).rows.map((row) => row.number)

/** A wire that, while it is deaf, delivers no frame to the store; frames of the store still arrive at the reviewer. */
function deafened(): { over: (honest: Transport) => Transport; deaf: boolean } {
  const wire = {
    deaf: false,
    over: (honest: Transport): Transport => ({
      connect: (events) =>
        honest.connect({
          ...events,
          open: () => events.open(),
          closed: (why) => events.closed(why),
          frame: (text) => wire.deaf || events.frame(text),
        }),
    }),
  }
  return wire
}

describe('a number of the reviewer', () => {
  it('§4 assigned: shows with the verdict, also where newer changes wait, and is found by an index', async () => {
    open = await scene(assigning)
    const ann = await open.open({ entities })
    const bob = await open.open({ entities })
    ann.setOnline(false)
    const { id } = ann.create(Invoice, { title: 'one' })
    ann.update(Invoice, id, { paid: true })
    expect({ ...ann.read(Invoice, id) }).toEqual({ id, title: 'one', paid: true })
    const live = ann.live(Invoice, { where: { number: 1 } })
    let told = 0
    const end = live.subscribe(() => told++)
    ann.setOnline(true)
    await open.settle()
    ann.setOnline(false)
    ann.update(Invoice, id, { title: 'uno' })
    const expected = { id, title: 'uno', paid: true, number: 1 }
    expect({ ...ann.read(Invoice, id) }).toEqual(expected)
    expect({ ...bob.read(Invoice, id) }).toEqual({ ...expected, title: 'one' })
    expect(live.snapshot().rows.map((row) => row.id)).toEqual([id])
    expect(told).toBeGreaterThan(0)
    end()
    expect(Object.keys(bob.read(Invoice, id)!.$conflicts)).toEqual([])
  })

  it('§4 assigned: comes while later changes of the same row still wait', async () => {
    open = await scene(assigning)
    const wire = deafened()
    const ann = await open.open({ entities, over: wire.over })
    const first = ann.create(Invoice, { title: 'one' })
    await ann.flushed()
    ann.update(Invoice, first.id, { title: 'two'.repeat(20) }) // refused, in a flush of its own
    const later = ann.update(Invoice, first.id, { paid: true })
    expect(await later.settled()).toMatchObject({ reason: 'parent_rejected' })
    expect({ ...ann.read(Invoice, first.id) }).toMatchObject({
      title: 'one',
      number: 1,
      paid: false,
    })
  })

  it('§4 assigned: outlives a reopen, comes with a snapshot, and in the tail', async () => {
    open = await scene({ ...assigning, limits: { tailChangesMax: 0 } })
    const storage = memoryStorage()
    const ann = await open.open({ entities, storage })
    const ids = ['a', 'b', 'c'].map((title) => ann.create(Invoice, { title }).id)
    await open.settle()
    ann.update(Invoice, ids[1]!, { paid: true })
    await open.settle()
    await ann.close()
    const alone = createSyncStore({ server: true, space: SPACE, entities, storage })
    stores.push(alone)
    await alone.ready
    const newcomer = await open.open({ entities })
    await open.settle()
    for (const store of [alone, newcomer]) {
      expect(numbers(store)).toEqual([1, 2, 3])
      expect(store.read(Invoice, ids[1]!)).toMatchObject({ paid: true, number: 2 })
    }
  })

  it('§4 assigned: arrives with a snapshot at the author who never got the verdict', async () => {
    open = await scene({ ...assigning, limits: { tailChangesMax: 0 } })
    const wire = deafened()
    const ann = await open.open({ entities, over: wire.over })
    await open.settle()
    wire.deaf = true
    const { id } = ann.create(Invoice, { title: 'one' })
    while (open.reviewer.state.seq < 1) await new Promise((resolve) => setTimeout(resolve, 2))
    await new Promise((resolve) => setTimeout(resolve, 20))
    ann.setOnline(false)
    const pending = ann.update(Invoice, id, { paid: true })
    expect(ann.read(Invoice, id)).not.toHaveProperty('number')
    wire.deaf = false
    ann.setOnline(true)
    expect(await pending.settled()).toMatchObject({ verdict: 'accepted' })
    expect(ann.read(Invoice, id)).toMatchObject({ title: 'one', paid: true, number: 1 })
  })

  it('§4 assigned: only the reviewer writes the field, against types and forged input', async () => {
    open = await scene(assigning)
    const Forged = entity('invoice', z.object({ title: z.string(), number: z.number() }))
    const eve = await open.open({ entities: [Forged] })
    const forged = eve.create(Forged, { title: 'mine', number: 1_000 })
    expect(await forged.settled()).toMatchObject({ reason: 'invalid' })
    await eve.close()
    const ann = await open.open({ entities })
    const { id } = ann.create(Invoice, { title: 'one' })
    // @ts-expect-error: number is no input
    expect(() => ann.create(Invoice, { title: 'x', number: 7 })).toThrow('assigned by the reviewer')
    // @ts-expect-error: nor part of a patch
    expect(() => ann.update(Invoice, id, { number: 7 })).toThrow('assigned by the reviewer')
    await open.settle()
    expect(numbers(ann)).toEqual([1])
  })

  it('§4 assigned: a reviewer that assigns a field of authors is not followed, with a note', async () => {
    open = await scene(assigning)
    const Old = entity('invoice', {
      title: z.string(),
      paid: z.boolean().default(false),
      number: z.number().optional(),
    })
    const ann = await open.open({ entities })
    await open.settle() // her version of the type is the published one
    const old = await open.open({ entities: [Old] })
    await open.settle()
    ann.create(Invoice, { title: 'one' })
    for (let turn = 0; turn < 500; turn++) {
      if (old.status.getState().connectionNote?.includes('invoice.number')) break
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    expect(old.status.getState().connectionNote).toMatch(
      /invoice\.number assigned, which its author/,
    )
    expect(old.query(Old).rows).toEqual([])
    old.setOnline(false)
  })
})

const INVOICES = 1_000
const CLIENTS = 4

it(
  '§4 assigned: 1,000 invoices of four authors, a reviewer killed three times: numbers 1 to 1,000, each once',
  { timeout: 240_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-assigned-'))
    folders.push(folder)
    const port = await freePort()
    // The second process dies by itself, between its first commit and the answer (how many commits it makes depends on the
    // speed of the machine); the others are killed from outside.
    const lives = [0, 1, 0, 0]
    let reviewer = await startChild(folder, { port, dieAfter: lives[0]! })
    const clients: SyncStore[] = []
    for (let n = 0; n < CLIENTS; n++) {
      const transports = [socketIo(`http://127.0.0.1:${port}`)]
      const store = createSyncStore({
        server: true,
        space: SPACE,
        entities,
        transports,
        identity: { personalId: `author ${n}` },
      })
      clients.push(store)
      stores.push(store)
      await store.ready
    }
    const good: Receipt[] = []
    const refused: Receipt[] = []
    const accepted = (): number => good.filter((receipt) => receipt.state === 'accepted').length
    for (let life = 0; life < lives.length; life++) {
      const { died } = reviewer
      const target = ((life + 1) * INVOICES) / lives.length
      while (good.length < target) {
        for (const store of clients) {
          for (let i = 0; i < 5; i++)
            good.push(store.create(Invoice, { title: `no ${good.length}` }))
          refused.push(store.create(Invoice, { title: `much too long ${good.length} for a title` }))
        }
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      if (life === lives.length - 1) break
      // In the middle: some invoices have their number by now, and some have not.
      while (!lives[life] && accepted() < target / 3)
        await new Promise((resolve) => setTimeout(resolve, 1))
      if (!lives[life]) reviewer.child.kill('SIGKILL')
      await died
      expect(accepted()).toBeLessThan(INVOICES)
      reviewer = await startChild(folder, { port, dieAfter: lives[life + 1]! })
    }
    const verdicts = await Promise.all(good.map((receipt) => receipt.settled()))
    expect(verdicts.filter(({ verdict }) => verdict !== 'accepted')).toEqual([])
    const refusals = await Promise.all(refused.map((receipt) => receipt.settled()))
    expect(refusals.filter(({ verdict }) => verdict !== 'rejected')).toEqual([])
    expect(refused.length).toBe(INVOICES / 5)

    const expected = Array.from({ length: INVOICES }, (_, i) => i + 1)
    const newcomer = createSyncStore({
      server: true,
      space: SPACE,
      entities,
      transports: [socketIo(`http://127.0.0.1:${port}`)],
    })
    stores.push(newcomer)
    await newcomer.ready
    for (const store of [newcomer, ...clients]) {
      for (
        let turn = 0;
        turn < 4_000 &&
        store.query(Invoice, { where: { number: { gte: 1 } } }).rows.length < INVOICES;
        turn++
      )
        await new Promise((resolve) => setTimeout(resolve, 5))
      expect(numbers(store)).toEqual(expected)
    }
    // Numbers are in canonical order, and the same in all stores.
    const byOrder = newcomer.query(Invoice, { orderBy: ['$createdOrderKey'] }).rows
    expect(byOrder.map((row) => row.number)).toEqual(expected)
    for (const store of clients)
      expect(byOrder.map((row) => store.read(Invoice, row.id)?.number)).toEqual(expected)
  },
)

interface Life {
  readonly child: ChildProcess
  readonly died: Promise<void>
}

async function startChild(
  folder: string,
  { port, dieAfter }: { port: number; dieAfter: number },
): Promise<Life> {
  const script = join(import.meta.dirname, 'assigned.child.ts')
  const args = ['--conditions=@countersign/source', script, folder, SPACE, `${port}`, `${dieAfter}`]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.add(child)
  const died = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (text: Buffer) => text.toString().includes('ready') && resolve())
    child.once('exit', (code) => reject(new Error(`the reviewer ended too early: ${code}`)))
  })
  return { child, died }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
