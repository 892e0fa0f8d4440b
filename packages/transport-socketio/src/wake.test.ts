import { spawnSync } from 'node:child_process'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { onWake } from './wake.ts'

/** The part of a page that `onWake` uses. */
class FakeDocument extends EventTarget {
  visibilityState = 'hidden'
}

afterEach(() => vi.unstubAllGlobals())

function page(): { window: EventTarget; document: FakeDocument } {
  const window = new EventTarget()
  const document = new FakeDocument()
  vi.stubGlobal('addEventListener', window.addEventListener.bind(window))
  vi.stubGlobal('removeEventListener', window.removeEventListener.bind(window))
  vi.stubGlobal('document', document)
  return { window, document }
}

describe('onWake', () => {
  test('wakes when the network comes back, and when the page becomes visible', () => {
    const { window, document } = page()
    let wakes = 0
    const end = onWake(() => wakes++)
    window.dispatchEvent(new Event('online'))
    expect(wakes).toBe(1)
    document.dispatchEvent(new Event('visibilitychange'))
    expect(wakes).toBe(1)
    document.visibilityState = 'visible'
    document.dispatchEvent(new Event('visibilitychange'))
    expect(wakes).toBe(2)
    window.dispatchEvent(new Event('offline'))
    expect(wakes).toBe(2)
    window.dispatchEvent(new Event('pageshow'))
    expect(wakes).toBe(2)
    window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }))
    expect(wakes).toBe(3)
    document.dispatchEvent(new Event('freeze'))
    expect(wakes).toBe(3)
    document.dispatchEvent(new Event('resume'))
    expect(wakes).toBe(4)
    end()
    window.dispatchEvent(new Event('online'))
    window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }))
    document.dispatchEvent(new Event('visibilitychange'))
    document.dispatchEvent(new Event('resume'))
    expect(wakes).toBe(4)
  })

  test('outside a page it subscribes to nothing', () => {
    const end = onWake(() => expect.fail('woke'))
    end()
    end()
  })
})

test('importing it reads no global of a page, so a server may import it', () => {
  const code = `
    for (const name of ['window', 'document', 'navigator', 'addEventListener', 'localStorage']) {
      Object.defineProperty(globalThis, name, { get() { throw new Error(name + ' was touched') } })
    }
    const { onWake } = await import(${JSON.stringify(new URL('wake.ts', import.meta.url).href)})
    console.log(typeof onWake)`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
  })
  expect([stdout.trim(), stderr]).toEqual(['function', ''])
})
