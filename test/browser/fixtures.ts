/**
 * What the tests start from: one demo for all tests of a worker, and people who visit it, each in a
 * browser of their own. A page that logs an error fails its test.
 */
import { type Page, test as base } from '@playwright/test'
import { Demo, startMs } from './demo.ts'
import { expect } from './expect.ts'

export interface VisitOptions {
  readonly url?: string
  readonly width?: number
  readonly height?: number
  readonly dark?: boolean
  /** In another tab of that page's browser, as the same person. */
  readonly beside?: Page
}

interface Visits {
  /** Opens the board as somebody new, in a browser of their own. */
  readonly visit: (options?: VisitOptions) => Promise<Page>
  /** Starts another demo, which ends with the test: after the pages that visit it. */
  readonly startDemo: (...options: readonly string[]) => Promise<Demo>
  /** Words of the console that this test brings about on purpose. */
  readonly expectedErrors: RegExp[]
}

function contextOptions({ width = 1280, height = 800, dark = false }: VisitOptions) {
  return {
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  } as const
}

export const test = base.extend<Visits, { readonly demo: Demo }>({
  demo: [
    // oxlint-disable-next-line no-empty-pattern -- playwright reads the names from the pattern
    async ({}, provide) => {
      const demo = await Demo.start()
      await provide(demo)
      await demo.stop()
    },
    { scope: 'worker', timeout: startMs },
  ],
  // oxlint-disable-next-line no-empty-pattern
  expectedErrors: async ({}, provide) => {
    await provide([])
  },
  // oxlint-disable-next-line no-empty-pattern
  startDemo: async ({}, provide) => {
    const started: Demo[] = []
    await provide(async (...options) => {
      const demo = await Demo.start(...options)
      started.push(demo)
      return demo
    })
    await Promise.all(started.map((demo) => demo.stop()))
  },
  // `startDemo` stands here for the order alone: its demos end after these pages.
  visit: async ({ browser, demo, expectedErrors, startDemo }, provide) => {
    void startDemo
    const errors: string[] = []
    const close: (() => Promise<void>)[] = []
    await provide(async ({ url = demo.url, beside, ...look } = {}) => {
      const context = beside?.context() ?? (await browser.newContext(contextOptions(look)))
      if (!beside) close.push(() => context.close())
      const page = await context.newPage()
      page.on('pageerror', (error) => errors.push(String(error)))
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) errors.push(message.text())
      })
      await page.goto(url)
      return page
    })
    await Promise.all(close.map((end) => end()))
    const unexpected = errors.filter((text) => !expectedErrors.some((known) => known.test(text)))
    expect(unexpected, 'the console of the pages').toEqual([])
  },
})

export { expect }
