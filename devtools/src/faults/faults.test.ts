import {
  type LinkEvents,
  type Storage,
  StorageError,
  type StorageHandle,
  type Transport,
} from '@countersign/core/inspect'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { faultyStorage } from './faulty-storage.ts'
import { faultyTransport } from './faulty-transport.ts'
import { Switches } from './switches.ts'

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => vi.useRealTimers())

/** A transport whose far end is the test. */
function far() {
  const sent: string[] = []
  let here: LinkEvents | undefined
  let closes = 0
  const transport: Transport = {
    connect(events) {
      here = events
      events.open()
      return { send: (text) => void sent.push(text), close: () => void closes++ }
    },
  }
  return { transport, sent, say: (text: string) => here?.frame(text), closes: () => closes }
}

function listen(transport: Transport) {
  const heard: string[] = []
  const link = transport.connect({
    open: () => heard.push('open'),
    frame: (text) => heard.push(text),
    closed: (reason) => heard.push(`closed: ${reason}`),
  })
  return { heard, link }
}

describe('a faulty transport', () => {
  it('is honest while nothing is switched', () => {
    const end = far()
    const { heard, link } = listen(faultyTransport(end.transport))
    link.send('a')
    end.say('b')
    expect([heard, end.sent]).toEqual([['open', 'b'], ['a']])
  })

  it('offline: ends links, makes none, and wakes when it is back', () => {
    const end = far()
    const wire = faultyTransport(end.transport)
    const { heard } = listen(wire)
    let wakes = 0
    wire.onWake!(() => wakes++)
    wire.faults.set('offline', 1)
    expect(heard).toEqual(['open', 'closed: offline by devtools'])
    expect(end.closes()).toBe(1)
    end.say('too late')
    const second = listen(wire)
    vi.runAllTimers()
    expect(second.heard).toEqual(['closed: offline by devtools'])
    wire.faults.set('offline', 0)
    expect(wakes).toBe(1)
    expect(listen(wire).heard).toEqual(['open'])
    expect(heard).toHaveLength(2)
  })

  it('frozen, drop, duplicate and delay have their effect, and stop when they are reset', () => {
    const end = far()
    const wire = faultyTransport(end.transport)
    const { heard, link } = listen(wire)
    wire.faults.set('frozen', 1)
    link.send('lost')
    wire.faults.set('frozen', 0)
    wire.faults.set('drop', 100)
    end.say('lost too')
    wire.faults.set('drop', 0)
    wire.faults.set('duplicate', 100)
    link.send('twice')
    wire.faults.set('duplicate', 0)
    wire.faults.set('delay', 500)
    end.say('late')
    vi.advanceTimersByTime(499)
    expect(heard).toEqual(['open'])
    vi.advanceTimersByTime(1)
    expect(heard).toEqual(['open', 'late'])
    wire.faults.reset()
    end.say('now')
    expect(heard).toEqual(['open', 'late', 'now'])
    expect(end.sent).toEqual(['twice', 'twice'])
  })

  it('emits nothing after it was closed, with any frames under way', () => {
    const end = far()
    const wire = faultyTransport(end.transport)
    const { heard, link } = listen(wire)
    wire.faults.set('delay', 100)
    end.say('late')
    link.close()
    wire.faults.set('offline', 1)
    vi.runAllTimers()
    expect(heard).toEqual(['open'])
    expect(end.closes()).toBe(1)
  })

  it('refuses a switch it does not have, and an amount beyond its bounds', () => {
    const { faults } = faultyTransport(far().transport)
    expect(() => faults.set('rain', 1)).toThrow(RangeError)
    expect(() => faults.set('drop', 101)).toThrow('0 to 100')
    expect(() => faults.set('drop', Number.NaN)).toThrow(RangeError)
    expect(
      faults.switches().every((each) => (each.kind === 'toggle' ? !each.on : each.value === 0)),
    ).toBe(true)
  })
})

describe('chance', () => {
  it('hits its share of the times', () => {
    let turn = 0
    const chance = (): number => (turn++ % 10) / 10
    const switches = new Switches({
      kind: 'transport',
      label: 'x',
      switches: [{ kind: 'amount', id: 'drop', label: '', says: '', unit: '%', max: 100 }],
      chance,
    })
    switches.set('drop', 30)
    const hits = Array.from({ length: 100 }, () => switches.hits('drop')).filter(Boolean)
    expect(hits).toHaveLength(30)
  })
})

/** A storage that only counts what is stored. */
function counting(): Storage & { batches: number } {
  const storage = {
    batches: 0,
    async open(): Promise<StorageHandle> {
      return {
        read: async () => ({
          segments: [],
          outbox: [],
          meta: new Map([['batches', storage.batches]]),
          advance: undefined,
          checkpoint: undefined,
        }),
        pages: async () => false,
        waiting: async () => [],
        write: async () => ({ order: ++storage.batches, isCheckpointStored: false }),
        claim: async (_, value) => value,
        erase: async () => {},
        close: async () => {},
      }
    },
  }
  return storage
}

describe('a faulty storage', () => {
  const batch = { durability: 'strict' } as const

  it('full: refuses writes as over quota, and takes them again afterwards', async () => {
    const inner = counting()
    const disk = faultyStorage(inner)
    const handle = await disk.open(() => {})
    await handle.write(batch)
    disk.faults.set('full', 1)
    await expect(handle.write(batch)).rejects.toMatchObject({
      name: 'StorageError',
      trouble: 'quota',
    })
    await expect(handle.claim('k', 1)).rejects.toBeInstanceOf(StorageError)
    disk.faults.reset()
    expect(await handle.write(batch)).toMatchObject({ order: 2 })
    expect(await handle.claim('k', 1)).toBe(1)
  })

  it('blocked: cannot be opened; delay: takes longer', async () => {
    const disk = faultyStorage(counting())
    disk.faults.set('blocked', 1)
    await expect(disk.open(() => {})).rejects.toMatchObject({ trouble: 'blocked' })
    disk.faults.reset()
    const handle = await disk.open(() => {})
    disk.faults.set('delay', 200)
    let done = false
    const write = handle.write(batch).then(() => (done = true))
    await vi.advanceTimersByTimeAsync(199)
    expect(done).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    await write
    expect(done).toBe(true)
  })

  it('emptied: looks cleared to the next who opens it, and everything is there again afterwards', async () => {
    const inner = counting()
    const disk = faultyStorage(inner, { spare: counting })
    const read = async () => (await (await disk.open(() => {})).read()).meta.get('batches')
    await (await disk.open(() => {})).write(batch)
    disk.faults.set('emptied', 1)
    expect(await read()).toBe(0)
    await (await disk.open(() => {})).write(batch)
    expect(await read()).toBe(1)
    disk.faults.set('emptied', 0)
    expect(await read()).toBe(1)
    expect(inner.batches).toBe(1)
    expect(
      faultyStorage(inner)
        .faults.switches()
        .map(({ id }) => id),
    ).not.toContain('emptied')
  })
})
