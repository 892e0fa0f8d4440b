import { expect, test } from 'vitest'
import { nodeRandom } from './random.ts'

test('bytes are as many as requested, fresh each time, and not shared', () => {
  const random = nodeRandom()
  const seen = new Set<string>()
  for (let i = 0; i < 200; i++) {
    const bytes = random.bytes(16)
    expect(bytes).toHaveLength(16)
    expect(bytes.buffer.byteLength).toBe(16)
    seen.add(bytes.join())
  }
  expect(seen.size).toBe(200)
  expect(random.bytes(0)).toHaveLength(0)
})

test('unit stays in [0, 1) and covers it', () => {
  const random = nodeRandom()
  const tenths = new Set<number>()
  for (let i = 0; i < 2_000; i++) {
    const unit = random.unit()
    expect(unit >= 0 && unit < 1).toBe(true)
    tenths.add(Math.floor(unit * 10))
  }
  expect(tenths.size).toBe(10)
})
