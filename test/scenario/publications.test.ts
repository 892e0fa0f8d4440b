/** Two builds publish the same version: the second is refused, and the app gets no refused message. */
import { type RefusedMessage, type SyncStore, entity } from '@countersign/core'
import type { FaultyDisk } from '@countersign/core/testing'
import { afterEach, expect, it } from 'vitest'
import { z } from 'zod'
import { VirtualScene } from './line.ts'

const Task = entity('task', z.object({ title: z.string() }))
const entities = [Task]

let scene: VirtualScene
let disk: FaultyDisk

afterEach(() => scene.close())

const isOnline = (store: SyncStore): boolean => store.status.getState().connection === 'online'
const outbox = (store: SyncStore): number => store.status.getState().outboxMessages

/** Ann's publication is refused; she gets the verdict when she offers it again. */
async function publishedTwice(): Promise<SyncStore> {
  scene = await VirtualScene.open()
  disk = scene.disk()
  const line = scene.line()
  line.loses = (direction, text) => direction === 'up' && text.startsWith('["offer"')
  const ann = await scene.page(line, { entities, disk })
  await scene.until(() => outbox(ann) === 1, 5_000)
  const bob = await scene.page(scene.line(), { entities })
  await scene.until(() => isOnline(bob) && outbox(bob) === 0, 5_000)
  line.loses = () => false
  await scene.until(() => scene.reviewer.state.rejected === 1 && outbox(ann) === 0, 60_000)
  return ann
}

it('§13 published twice: the refused publication is no refused message of the app', async () => {
  const ann = await publishedTwice()
  expect(ann.refused.snapshot()).toEqual([])
})

it('§13 published twice: nor is it when the record of its refusal is damaged, and it is offered again', async () => {
  const ann = await publishedTwice()
  await scene.result(ann.close())
  expect(disk.rot('rejections', () => 0)).toBeDefined()
  const line = scene.line()
  const again = await scene.page(line, { entities, disk })
  const told: RefusedMessage[] = []
  again.onRejected((message) => told.push(message))
  // It was dismissed, so nothing of it is kept, and nothing is offered.
  await scene.until(() => line.count('through', 0) === 1 && outbox(again) === 0, 60_000)
  expect(again.refused.snapshot()).toEqual([])
  expect(told).toEqual([])
})
