import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { createKeyring, newKey } from './keyring.ts'

const [one, two] = [newKey(), newKey()]

describe('keyring', () => {
  test('decrypts every text that it has encrypted, and the same text never looks the same', () => {
    const ring = createKeyring({ keys: { one } })
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const [a, b] = [ring.encrypt(text), ring.encrypt(text)]
        expect(a.box).not.toBe(b.box)
        expect([ring.decrypt(a), ring.decrypt(b)]).toEqual([
          text.toWellFormed(),
          text.toWellFormed(),
        ])
      }),
    )
  })

  test('ENC4 decrypts nothing that was changed in a byte, or is of another key, id or context', () => {
    const ring = createKeyring({ keys: { one }, context: 'here' })
    const { box } = ring.encrypt('a secret')
    for (let at = 0; at < box.length; at++) {
      const other = box[at] === 'A' ? 'Q' : 'A'
      const changed = box.slice(0, at) + other + box.slice(at + 1)
      expect(ring.decrypt({ key: 'one', box: changed })).toBeUndefined()
    }
    for (const cut of ['', box.slice(0, 20), box.slice(0, -4)])
      expect(ring.decrypt({ key: 'one', box: cut })).toBeUndefined()
    const others = [
      createKeyring({ keys: { one: two }, context: 'here' }),
      createKeyring({ keys: { one }, context: 'there' }),
      createKeyring({ keys: { two: one }, context: 'here' }),
      createKeyring(),
    ]
    for (const other of others) expect(other.decrypt({ key: 'one', box })).toBeUndefined()
    expect(others[2]!.decrypt({ key: 'two', box })).toBeUndefined()
    expect(ring.decrypt({ key: 'one', box })).toBe('a secret')
  })

  test('after a rotation it writes with the new key, and reads with both', () => {
    const ring = createKeyring({ keys: { one } })
    const old = ring.encrypt('a')
    const heard = vi.fn<() => void>()
    const stop = ring.subscribe(heard)
    ring.add('two', two)
    expect(heard).toHaveBeenCalledOnce()
    expect([ring.current, ring.ids]).toEqual(['two', ['one', 'two']])
    expect([ring.decrypt(old), ring.encrypt('b').key]).toEqual(['a', 'two'])
    ring.add('later', newKey(), { current: false })
    expect(ring.current).toBe('two')
    ring.remove('one')
    ring.remove('one')
    expect(heard).toHaveBeenCalledTimes(3)
    expect(ring.decrypt(old)).toBeUndefined()
    stop()
    ring.remove('two')
    expect([heard.mock.calls.length, ring.current]).toEqual([3, 'later'])
  })

  test('a key, an id or a current key that cannot be is refused, and nothing changes', () => {
    const ring = createKeyring({ keys: { one } })
    const invalid = expect.objectContaining({ code: 'invalid' }) as Error
    for (const key of ['', 'short', new Uint8Array(31), `${one}A`, '*'.repeat(43)])
      expect(() => ring.add('x', key)).toThrow(invalid)
    for (const id of ['', 'x'.repeat(65)]) expect(() => ring.add(id, two)).toThrow(invalid)
    expect(() => ring.add('one', two)).toThrow(invalid)
    expect(() => createKeyring({ keys: { one }, current: 'two' })).toThrow(invalid)
    expect([ring.ids, ring.current]).toEqual([['one'], 'one'])
    ring.add('one', one)
    expect(ring.ids).toEqual(['one'])
  })

  test('without a key nothing is written, and the error has the remedy', () => {
    expect(() => createKeyring().encrypt('a')).toThrow(/add one to the keyring/)
  })
})
