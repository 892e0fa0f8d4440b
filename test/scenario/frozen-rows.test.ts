/** A row that was handed out never changes, its verdict included; a review makes a new row. */
import { type Row, entity, memoryStorage } from '@countersign/core'
import { type Storage, StorageError, type StorageHandle } from '@countersign/core/ports'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Scene, scene } from './wire.ts'

const Task = entity('task', {
  title: z.string(),
  points: z.number().default(0),
}).index('newest', ['-$orderKey'])

type TaskRow = Row<typeof Task>

let open: Scene | undefined

afterEach(async () => {
  await open?.close()
  open = undefined
})

/** All properties of a row, as text. */
function said(row: TaskRow): string {
  const { $state, $reviewer, $orderKey, $createdOrderKey, $author, $heads, $archived } = row
  const of = { $state, $reviewer, $orderKey, $createdOrderKey, $author, $heads, $archived }
  return JSON.stringify({ ...row, ...of, $conflicts: row.$conflicts })
}

describe('a row that was handed out', () => {
  it('§10: keeps its verdict; an ack makes a new row, and notifies once', async () => {
    open = await scene()
    const ann = await open.open({ entities: [Task] })
    const bob = await open.open({ entities: [Task] })
    await open.settle()
    const { id } = ann.create(Task, { title: 'A' })
    const written = ann.read(Task, id)!
    expect(written).toMatchObject({ $state: 'volatile', $reviewer: null })
    const handedOut: [TaskRow, string][] = [[written, said(written)]]
    let told = 0
    ann.subscribe(Task, id, () => {
      told++
      const row = ann.read(Task, id)!
      handedOut.push([row, said(row)])
    })
    await open.settle()
    expect(told).toBe(1)
    expect(ann.read(Task, id)).toMatchObject({ $state: 'canonical', $createdBy: written.$author })
    expect(ann.read(Task, id)!.$reviewer).not.toBe(null)

    // The same for an update, for a conflict with pending candidates, and for its acceptance.
    ann.setOnline(false)
    bob.setOnline(false)
    bob.update(Task, id, { title: 'B' })
    ann.update(Task, id, { title: 'C' })
    bob.setOnline(true)
    await open.settle()
    ann.setOnline(true)
    await open.settle()
    ann.update(Task, id, { points: 1 })
    await open.settle()
    const last = ann.read(Task, id)!
    expect(last.$conflicts['title']!.candidates.map(({ pending }) => pending)).toEqual([
      false,
      false,
    ])
    const pendingOnes = handedOut.filter(([row]) =>
      row.$conflicts['title']?.candidates.some(({ pending }) => pending),
    )
    expect(pendingOnes.length).toBeGreaterThan(0)
    expect(new Set(handedOut.map(([row]) => row)).size).toBe(handedOut.length)
    for (const [row, then] of handedOut) expect(said(row)).toBe(then)
  })

  it('S15 index = scan: acks in any order keep queries by order key and by state right', async () => {
    open = await scene()
    const ann = await open.open({ entities: [Task] })
    const bob = await open.open({ entities: [Task] })
    ann.setOnline(false)
    const newest = ann.live(Task, { orderBy: ['-$orderKey'], limit: 5 })
    const unsettled = ann.live(Task, { where: { $state: 'volatile' } })
    newest.subscribe(() => {})
    unsettled.subscribe(() => {})
    for (let i = 0; i < 8; i++) ann.create(Task, { title: `ann ${i}` })
    for (let i = 0; i < 4; i++) bob.create(Task, { title: `bob ${i}` })
    await open.settle()
    expect(unsettled.snapshot().rows.length).toBe(8)
    const before = newest.snapshot().rows
    ann.setOnline(true)
    await open.settle()
    expect(unsettled.snapshot().rows).toEqual([])
    const sorted = [...ann.query(Task).rows].sort((a, b) => (a.$orderKey < b.$orderKey ? 1 : -1))
    expect(newest.snapshot().rows).toEqual(sorted.slice(0, 5))
    expect(before.every((row) => row.$state === 'volatile')).toBe(true)
  })

  it('D5: storage that fails, and works again, makes new rows of what is pending', async () => {
    open = await scene()
    const disk = memoryStorage()
    let isFull = false
    const storage: Storage = {
      async open(onTrouble, space) {
        const handle = await disk.open(onTrouble, space)
        const write: StorageHandle['write'] = (batch) =>
          isFull
            ? Promise.reject(new StorageError('quota', 'the disk is full'))
            : handle.write(batch)
        return {
          read: () => handle.read(),
          pages: (name, reading) => handle.pages(name, reading),
          waiting: () => handle.waiting(),
          claim: (key, value) => handle.claim(key, value),
          erase: () => handle.erase(),
          close: () => handle.close(),
          write,
        }
      },
    }
    const ann = await open.open({ entities: [Task], storage })
    ann.setOnline(false)
    await ann.flushed()
    const row = ann.read(Task, ann.create(Task, { title: 'A' }).id)!
    let told = 0
    ann.subscribe(Task, row.id, () => told++)
    isFull = true
    await ann.flushed()
    const degraded = ann.read(Task, row.id)!
    const other = ann.read(Task, ann.create(Task, { title: 'B' }).id)!
    isFull = false
    await ann.flushed()
    expect([row, degraded, other].map(({ $state }) => $state)).toEqual([
      'pending',
      'volatile',
      'volatile',
    ])
    expect(told).toBe(1)
    expect(ann.read(Task, other.id)!.$state).toBe('pending')
  })
})
