/**
 * What `reloads.ts` does, with the board: an issue is created by its dialog, the page of the demo reloads, and the
 * next page has a card for it or not. The board is offline, so only the storage can bring it back.
 * The bare IndexedDB `put` is made in the same page, beside the open board.
 */
import { type Page, chromium } from 'playwright'
import { Board, fresh } from '../../browser/board.ts'
import { Demo } from '../../browser/demo.ts'
import { ensureBrowser } from '../../scripts/browser.ts'
import type { Found } from './page/leave.ts'
import type { Place } from './reloads.ts'

const IDLE_MS = 20
const LATE_MS = 3_000

/** A board without issues, in a profile of its own. */
export async function withBoard<T>(work: (place: Place) => Promise<T>): Promise<T> {
  const demo = await Demo.start('--empty')
  const browser = await chromium.launch(ensureBrowser())
  try {
    const page = await (await browser.newContext()).newPage()
    await page.addInitScript(helpers)
    await page.goto(demo.url)
    const board = new Board(page)
    await board.connected()
    await board.setOnline(false)
    return await work({
      leave: (kind, delayMs) =>
        kind === 'bare' ? leftBare(page, delayMs) : leftIssue(board, delayMs),
    })
  } finally {
    await browser.close()
    await demo.stop()
  }
}

async function leftBare(page: Page, delayMs: number): Promise<Found> {
  const text = crypto.randomUUID()
  await reloaded(page, (by) => window.leaving.bare(by), { text, delayMs, idleMs: IDLE_MS })
  return page.evaluate(async (written) => {
    const settled = sessionStorage.getItem('settled') === written
    return { found: await window.leaving.hasBare(written), late: false, settled }
  }, text)
}

async function leftIssue(board: Board, delayMs: number): Promise<Found> {
  const { page, pane } = board
  const text = fresh('Left')
  await pane.getByRole('button', { name: 'New issue in To do' }).click()
  await page.getByRole('dialog', { name: 'New issue' }).getByLabel('Title').fill(text)
  await reloaded(page, (by) => window.leaving.issue(by), { text, delayMs, idleMs: IDLE_MS })
  return page.evaluate(
    async ([written, lateMs]) => {
      const settled = sessionStorage.getItem('settled') === written
      const found = window.leaving.hasIssue(written)
      if (!found) await new Promise((resolve) => setTimeout(resolve, lateMs))
      return { found, late: !found && window.leaving.hasIssue(written), settled }
    },
    [text, LATE_MS] as const,
  )
}

async function reloaded(page: Page, leave: (by: Leaving) => void, by: Leaving): Promise<void> {
  const loaded = page.waitForEvent('load')
  await page.evaluate(leave, by) // not awaited in the page, which is gone before it ends
  await loaded
  await page.waitForFunction(() => document.querySelector('[data-seat="first"] .column'))
}

interface Leaving {
  readonly text: string
  readonly delayMs: number
  readonly idleMs: number
}

interface Helpers {
  bare(by: Leaving): void
  issue(by: Leaving): void
  hasBare(text: string): Promise<boolean>
  hasIssue(text: string): boolean
}

declare global {
  interface Window {
    leaving: Helpers
  }
}

/** Runs in the page, and so knows nothing of this module. */
function helpers(): void {
  const answer = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error as DOMException)
    })
  const bare = (): Promise<IDBDatabase> => {
    const opening = indexedDB.open('bare', 1)
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore('notes', { autoIncrement: true })
    }
    return answer(opening)
  }
  const leave = async ({ text, delayMs, idleMs }: Leaving, write: () => Promise<void>) => {
    sessionStorage.removeItem('settled')
    await new Promise((resolve) => setTimeout(resolve, idleMs))
    void write().then(() => sessionStorage.setItem('settled', text))
    if (delayMs === 0) location.reload()
    else setTimeout(() => location.reload(), delayMs)
  }
  /** The store of the open board, as React holds it for the provider around the pane. */
  const store = (): { flushed(): Promise<void> } => {
    interface Fiber {
      readonly return: Fiber | null
      readonly memoizedProps: { readonly store?: { flushed(): Promise<void> } } | null
    }
    const pane = document.querySelector('[data-seat="first"]')!
    const key = Object.keys(pane).find((name) => name.startsWith('__reactFiber$'))!
    let fiber = (pane as unknown as Record<string, Fiber>)[key] ?? null
    while (fiber && !fiber.memoizedProps?.store) fiber = fiber.return
    return fiber!.memoizedProps!.store!
  }
  window.leaving = {
    bare: (by) =>
      void bare().then((database) =>
        leave(by, () => {
          const transaction = database.transaction('notes', 'readwrite')
          transaction.objectStore('notes').put({ text: by.text })
          return new Promise((resolve) => (transaction.oncomplete = () => resolve()))
        }),
      ),
    issue: (by) =>
      void leave(by, () => {
        document.querySelector<HTMLElement>('dialog [type="submit"]')!.click()
        return store().flushed()
      }),
    async hasBare(text) {
      const database = await bare()
      const notes = database.transaction('notes').objectStore('notes')
      const all = await answer<{ text: string }[]>(notes.getAll())
      database.close()
      return all.some((note) => note.text === text)
    },
    hasIssue: (text) =>
      [...document.querySelectorAll('.card__open')].some(({ textContent }) => textContent === text),
  }
}
