import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { NextTurn, Turns } from './next-turn.ts'
import { type PaintGlobals, afterPaint } from './after-paint.ts'
import { type PageGlobals, onHide } from './page-life.ts'

const FRAME_MS = 16

const next: NextTurn = (task) => {
  const timer = setTimeout(task, 1)
  return () => clearTimeout(timer)
}

/** A page that paints unless it is hidden, or has no frames. */
class Page extends EventTarget implements PageGlobals, PaintGlobals, Turns {
  readonly document = Object.assign(new EventTarget(), { visibilityState: 'visible' })
  hasFrames = true
  readonly #frames = new Map<number, () => void>()

  readonly setTimeout = (task: () => void, delayMs: number): unknown => setTimeout(task, delayMs)
  readonly clearTimeout = (handle: unknown): void => clearTimeout(handle as NodeJS.Timeout)
  readonly requestAnimationFrame = (task: () => void): number => {
    this.#frames.set(this.#frames.size + 1, task)
    return this.#frames.size
  }
  readonly cancelAnimationFrame = (handle: number): void => void this.#frames.delete(handle)

  frame(): void {
    if (!this.hasFrames || this.document.visibilityState === 'hidden') return
    for (const task of this.#frames.values()) task()
    this.#frames.clear()
  }
}

let page: Page
let frames: NodeJS.Timeout

beforeEach(() => {
  vi.useFakeTimers()
  page = new Page()
  frames = setInterval(() => page.frame(), FRAME_MS)
})

afterEach(() => {
  clearInterval(frames)
  vi.useRealTimers()
})

describe('after a paint', () => {
  it('the task runs once, in a later turn than the callbacks of the frame', () => {
    const said: string[] = []
    afterPaint(page, next)(() => said.push('task'))
    page.requestAnimationFrame(() => said.push('frame'))
    vi.advanceTimersByTime(2_000)
    expect(said).toEqual(['frame', 'task'])
  })

  it('a hidden page has no frames: the task runs after 50 ms', () => {
    page.document.visibilityState = 'hidden'
    const task = vi.fn()
    afterPaint(page, next)(task)
    vi.advanceTimersByTime(49)
    expect(task).not.toHaveBeenCalled()
    vi.advanceTimersByTime(2_000)
    expect(task).toHaveBeenCalledTimes(1)
  })

  it('a visible page without frames does not hold it for ever', () => {
    page.hasFrames = false
    const task = vi.fn()
    afterPaint(page, next)(task)
    vi.advanceTimersByTime(2_000)
    expect(task).toHaveBeenCalledTimes(1)
    page.hasFrames = true
    vi.advanceTimersByTime(2_000)
    expect(task).toHaveBeenCalledTimes(1)
  })

  it.each([0, FRAME_MS - 1, FRAME_MS])('called off %i ms later, it does not run', (ms) => {
    const task = vi.fn()
    const cancel = afterPaint(page, next)(task)
    vi.advanceTimersByTime(ms)
    cancel()
    vi.advanceTimersByTime(2_000)
    expect(task).not.toHaveBeenCalled()
  })
})

describe('a page that may be gone next', () => {
  it('notifies when it is hidden, frozen or left, until the end of the subscription', () => {
    const listener = vi.fn()
    const end = onHide(page)!(listener)
    const all = (): void => {
      page.document.dispatchEvent(new Event('visibilitychange'))
      page.document.dispatchEvent(new Event('freeze'))
      page.dispatchEvent(new Event('pagehide'))
    }
    page.document.dispatchEvent(new Event('visibilitychange')) // shown
    expect(listener).toHaveBeenCalledTimes(0)
    page.document.visibilityState = 'hidden'
    all()
    expect(listener).toHaveBeenCalledTimes(3)
    end()
    all()
    expect(listener).toHaveBeenCalledTimes(3)
  })

  it('without a page, it never notifies', () => {
    expect(onHide({})).toBeUndefined()
  })
})
