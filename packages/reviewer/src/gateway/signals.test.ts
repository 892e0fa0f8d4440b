import { describe, expect, test } from 'vitest'
import { Signals } from './signals.ts'

const [SPACE, OTHER] = [
  '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10',
  '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a11',
] as const

function joined(signals: Signals, space: string = SPACE) {
  const heard: (readonly [from: string, text: string])[] = []
  const seat = signals.join(space, (from, text) => heard.push([from, text]))
  return { ...seat, heard }
}

describe('LNK7: signals', () => {
  test('reach one peer, or all others of the space, under the id of their sender', () => {
    const signals = new Signals()
    const [a, b, c] = [joined(signals), joined(signals), joined(signals)]
    const elsewhere = joined(signals, OTHER)
    a.send('', 'who?')
    b.send(a.id, 'me')
    b.send(elsewhere.id, 'over there')
    b.send('nobody', 'lost')
    expect([a.heard, b.heard, c.heard, elsewhere.heard]).toEqual([
      [[b.id, 'me']],
      [[a.id, 'who?']],
      [[a.id, 'who?']],
      [],
    ])
  })

  test('of more than 16 KiB, and of who has left, are dropped', () => {
    const signals = new Signals()
    const [a, b] = [joined(signals), joined(signals)]
    a.send(b.id, 'x'.repeat(16_385))
    a.send(b.id, 'ü'.repeat(8_193))
    a.send(b.id, 'x'.repeat(16_384))
    b.leave()
    a.send(b.id, 'late')
    b.send(a.id, 'late')
    expect([a.heard.length, b.heard.length]).toEqual([0, 1])
  })

  test('are bounded for each link: 512 deliveries at once, 64 receivers of one to all', () => {
    const signals = new Signals()
    const others = Array.from({ length: 100 }, () => joined(signals))
    const a = joined(signals)
    a.send('', 'to all')
    const reached = others.filter(({ heard }) => heard.length > 0)
    expect(reached).toEqual(others.slice(-64))
    for (let i = 0; i < 1_000; i++) a.send(others[0]!.id, 'again')
    // Some are renewed while the loop runs.
    expect(others[0]!.heard.length).toBeGreaterThanOrEqual(512 - 64)
    expect(others[0]!.heard.length).toBeLessThan(512)
    others[1]!.send(a.id, 'another has a budget of its own')
    expect(a.heard).toHaveLength(1)
  })

  test('ids are fresh for each joining', () => {
    const signals = new Signals()
    const first = joined(signals)
    first.leave()
    expect(joined(signals).id).not.toBe(first.id)
  })
})
