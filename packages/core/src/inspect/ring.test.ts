import { describe, expect, it } from 'vitest'
import { Ring } from './ring.ts'

describe('ring', () => {
  it('keeps the newest so many, oldest first', () => {
    const ring = new Ring<number>(3)
    expect(ring.after(0)).toEqual([])
    for (const value of [1, 2, 3, 4, 5]) ring.push(value)
    expect(ring.after(0)).toEqual([3, 4, 5])
    expect(ring).toMatchObject({ total: 5, dropped: 2 })
  })

  it('gives what came after a count, also when part of it fell out', () => {
    const ring = new Ring<number>(3)
    for (const value of [1, 2, 3, 4, 5]) ring.push(value)
    expect(ring.after(4)).toEqual([5])
    expect(ring.after(5)).toEqual([])
    expect(ring.after(1)).toEqual([3, 4, 5])
  })

  it('refuses a size that is none', () => {
    expect(() => new Ring(0)).toThrow('room')
    expect(() => new Ring(1.5)).toThrow('room')
  })
})
