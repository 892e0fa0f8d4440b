/** What `dexieStorage` says of the browser's storage, by a stand-in for `navigator` and `localStorage`. */
import { afterEach, expect, test, vi } from 'vitest'
import { dexieStorage } from './storage.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

const refused = (): Promise<never> => Promise.reject(new Error('no'))
const careOf = (options?: Parameters<typeof dexieStorage>[1]) =>
  dexieStorage('todos', options).care!

test('look: quota, use and persistence, as the browser says', async () => {
  const storage = {
    estimate: async () => ({ usage: 7, quota: 100 }),
    persisted: async () => false,
    getDirectory: async () => ({}),
  }
  vi.stubGlobal('navigator', { storage })
  const said = { usedBytes: 7, quotaBytes: 100, isPersisted: false, isPrivate: undefined }
  expect(await careOf().look()).toEqual(said)
})

test('look: a window without a file system is a private one', async () => {
  vi.stubGlobal('navigator', { storage: { persisted: async () => false, getDirectory: refused } })
  expect(await careOf().look()).toMatchObject({ isPrivate: true, quotaBytes: undefined })
})

test.for([
  ['no navigator', undefined],
  ['no storage manager', {}],
  ['one that knows nothing', { storage: {} }],
  ['one that refuses', { storage: { estimate: refused, persisted: refused, persist: refused } }],
] as const)('with %s nothing is known, and nothing throws', async ([, navigator]) => {
  vi.stubGlobal('navigator', navigator)
  const care = careOf()
  expect(await care.look()).toEqual({
    usedBytes: undefined,
    quotaBytes: undefined,
    isPersisted: undefined,
    isPrivate: undefined,
  })
  expect(await care.persist()).toBeUndefined()
})

test('persist: asks the browser, unless the app disables it', async () => {
  const persist = vi.fn(async () => true)
  vi.stubGlobal('navigator', { storage: { persist } })
  expect(await careOf({ persist: false }).persist()).toBeUndefined()
  expect(persist).not.toHaveBeenCalled()
  expect(await careOf().persist()).toBe(true)
})

test('marks are in localStorage, by the name of the storage; where that is forbidden there are none', () => {
  const kept = new Map<string, string>()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => kept.set(key, text),
    removeItem: (key: string) => kept.delete(key),
  })
  const { marks } = careOf()
  marks.set('a', 'text')
  expect([marks.get('a'), marks.get('b')]).toEqual(['text', undefined])
  expect([...kept.keys()]).toEqual(['countersign/todos/a'])
  marks.remove('a')
  expect(kept.size).toBe(0)
  vi.stubGlobal('localStorage', {
    get getItem() {
      throw new Error('forbidden')
    },
  })
  expect(marks.get('a')).toBeUndefined()
  marks.set('a', 'text')
})
