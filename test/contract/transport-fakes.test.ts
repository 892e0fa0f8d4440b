/**
 * The faulty wire under the transport contract: as a good network, and as one that loses,
 * repeats and reorders; and what it alone can show: blocked ways and half-open links.
 */
import { FaultyWire, ProcessClock, SeededRandom, VirtualClock } from '@countersign/core/testing'
import type { WireFaults } from '@countersign/core/testing'
import { describe, expect, test } from 'vitest'
import { transportContract } from './transport.ts'
import type { Accept, TransportPair } from './transport.ts'

async function pass(clock: VirtualClock, ms: number): Promise<void> {
  const untilMs = clock.monotonic() + ms
  clock.after(ms, () => {})
  while (clock.nextMs !== undefined && clock.nextMs <= untilMs) {
    clock.step()
    await new Promise(setImmediate)
  }
}

function pairOf(faults: Partial<WireFaults>): (accept: Accept) => Promise<TransportPair> {
  return async (accept) => {
    const clock = new VirtualClock()
    const wire = new FaultyWire({ clock, faults })
    wire.serve((link) => accept(link))
    return {
      transport: wire.transport('device'),
      cut: () => wire.cut(),
      vanish: () => wire.vanish(),
      step: () => pass(clock, 5),
      end: () => wire.cut(),
    }
  }
}

const random = new SeededRandom(11)
const chance = (share: number) => (): boolean => random.unit() < share

transportContract('faulty wire without faults', pairOf({}), { lossless: true })

transportContract(
  'faulty wire with a heavy tail',
  pairOf({ delayMs: () => 1 / (0.05 + random.unit()), noticeMs: () => random.unit() * 10 }),
  { lossless: true },
)

transportContract(
  'faulty wire that loses, repeats and reorders',
  pairOf({
    delayMs: () => random.unit() * 8,
    drops: chance(0.2),
    repeats: chance(0.2),
    overtakes: chance(0.3),
    noticeMs: () => random.unit() * 10,
  }),
  { lossless: false },
)

describe('faulty wire', () => {
  const connected = async (faults: Partial<WireFaults>) => {
    const clock = new VirtualClock()
    const wire = new FaultyWire({ clock, faults })
    const near: string[] = []
    const far: string[] = []
    let answer: (text: string) => void = () => {}
    wire.serve((link) => {
      answer = (text) => link.send(text)
      return { frame: (text) => far.push(text), closed: () => far.push('closed') }
    })
    const process = new ProcessClock(clock)
    const link = wire.transport('device', process).connect({
      open: () => near.push('open'),
      frame: (text) => near.push(text),
      closed: () => near.push('closed'),
    })
    await pass(clock, 10)
    return { clock, wire, near, far, link, process, answer: (text: string) => answer(text) }
  }

  test('a way that is blocked loses frames in its direction only', async () => {
    const { clock, wire, near, far, link, answer } = await connected({ outlasts: () => true })
    wire.block('device', 'up')
    link.send('lost')
    answer('heard')
    await pass(clock, 10)
    wire.unblock('device')
    link.send('late')
    await pass(clock, 10)
    expect([near, far]).toEqual([['open', 'heard'], ['late']])
  })

  test('a link may break on a blocked way, and an end may never notice', async () => {
    const notices = [undefined, 5]
    const { clock, wire, near, far, link } = await connected({ noticeMs: () => notices.shift() })
    wire.block('device', 'up', 'down')
    link.send('lost')
    wire.unblock('device')
    link.send('lost, too')
    await pass(clock, 10)
    expect([near, far]).toEqual([['open'], ['closed']])
  })

  test('frames for a frozen process wait, those for a dead one are gone', async () => {
    const { clock, wire, near, far, process, answer } = await connected({})
    process.freeze()
    answer('one')
    answer('two')
    await pass(clock, 10)
    expect(near).toEqual(['open'])
    process.thaw()
    await pass(clock, 1)
    expect(near).toEqual(['open', 'one', 'two'])
    process.kill()
    answer('three')
    wire.bury()
    await pass(clock, 10)
    expect([near, far]).toEqual([['open', 'one', 'two'], ['closed']])
  })
})
