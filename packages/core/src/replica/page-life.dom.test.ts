import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Turns } from './next-turn.ts'
import { type PageGlobals, afterPaint, onHide } from './page-life.ts'

const globals = globalThis as unknown as PageGlobals & Turns
const next = (task: () => void): (() => void) => {
  const timer = setTimeout(task, 0)
  return () => clearTimeout(timer)
}

let visibility = 'visible'

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'requestAnimationFrame', 'cancelAnimationFrame'],
  })
  visibility = 'visible'
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(
    () => visibility as DocumentVisibilityState,
  )
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('after a paint', () => {
  it('the task runs once, in a later turn than the callbacks of the frame', () => {
    const said: string[] = []
    afterPaint(globals, next)(() => said.push('task'))
    requestAnimationFrame(() => said.push('frame'))
    vi.advanceTimersByTime(2_000)
    expect(said).toEqual(['frame', 'task'])
  })

  it('a hidden page has no frames: the task runs after 50 ms', () => {
    visibility = 'hidden'
    vi.spyOn(globalThis, 'requestAnimationFrame').mockReturnValue(1)
    const task = vi.fn()
    afterPaint(globals, next)(task)
    vi.advanceTimersByTime(49)
    expect(task).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(task).toHaveBeenCalledTimes(1)
  })

  it('a visible page without frames does not hold it for ever', () => {
    vi.spyOn(globalThis, 'requestAnimationFrame').mockReturnValue(1)
    const task = vi.fn()
    afterPaint(globals, next)(task)
    vi.advanceTimersByTime(2_000)
    expect(task).toHaveBeenCalledTimes(1)
  })

  it.each([0, 17, 18])('called off %i ms later, it does not run', (ms) => {
    const task = vi.fn()
    const cancel = afterPaint(globals, (own) => {
      const timer = setTimeout(own, 100)
      return () => clearTimeout(timer)
    })(task)
    vi.advanceTimersByTime(ms)
    cancel()
    vi.advanceTimersByTime(2_000)
    expect(task).not.toHaveBeenCalled()
  })
})

describe('a page that may be gone next', () => {
  it('tells when it is hidden, frozen or left, until the end of the subscription', () => {
    const listener = vi.fn()
    const end = onHide(globals)!(listener)
    document.dispatchEvent(new Event('visibilitychange')) // shown
    expect(listener).toHaveBeenCalledTimes(0)
    visibility = 'hidden'
    document.dispatchEvent(new Event('visibilitychange'))
    document.dispatchEvent(new Event('freeze'))
    window.dispatchEvent(new Event('pagehide'))
    expect(listener).toHaveBeenCalledTimes(3)
    end()
    document.dispatchEvent(new Event('visibilitychange'))
    document.dispatchEvent(new Event('freeze'))
    window.dispatchEvent(new Event('pagehide'))
    expect(listener).toHaveBeenCalledTimes(3)
  })

  it('where there is no page, there is nothing to tell', () => {
    expect(onHide({})).toBeUndefined()
  })
})
