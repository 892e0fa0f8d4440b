/**
 * Pages without a server: one reviews, another tab follows it over BroadcastChannel, and a page of
 * another browser over WebRTC, introduced by two texts that are carried by hand.
 */
import { type Page, test } from '@playwright/test'
import { expect } from './expect.ts'
import { type Files, builtPage, openTab } from './peers/site.ts'
import type {} from './peers/main.ts'

let files: Files
test.beforeAll(async () => {
  files = await builtPage()
})

const errors: string[] = []
test.beforeEach(() => void errors.splice(0))
test.afterEach(() => expect(errors, 'errors of the pages').toEqual([]))

const seen = (page: Page) => page.evaluate(() => window.peerPage.seen())
const write = (page: Page, text: string) =>
  page.evaluate((words) => window.peerPage.write(words), text)
const edit = (page: Page, from: string, to: string) =>
  page.evaluate(([before, after]) => window.peerPage.edit(before, after), [from, to] as const)

/** All of these pages show the same notes, which are canonical, and nothing waits. */
async function agree(pages: readonly Page[], texts: readonly string[]): Promise<void> {
  const notes = texts.map((text) => [text, 'canonical'] as const)
  for (const page of pages)
    await expect.poll(() => seen(page)).toEqual({ connection: 'online', outbox: 0, notes })
}

interface Meeting {
  readonly home: Page
  /** Follows it as another tab. */
  readonly tab: Page
  /** Follows it over WebRTC, in another browser. */
  readonly far: Page
  readonly key: string
}

async function meet(contexts: readonly [Page['context'], Page['context']]): Promise<Meeting> {
  const [home, tab, far] = [
    await openTab(contexts[0](), files),
    await openTab(contexts[0](), files),
    await openTab(contexts[1](), files),
  ]
  for (const page of [home, tab, far]) page.on('pageerror', (error) => errors.push(String(error)))
  const key = await home.evaluate(() => window.peerPage.review())
  const open = (page: Page, way: 'tabs' | 'webrtc', name: string): Promise<void> =>
    page.evaluate(([k, w, n]) => window.peerPage.open(k, w, n), [key, way, name] as const)
  await open(home, 'tabs', 'home')
  await open(tab, 'tabs', 'tab')
  await open(far, 'webrtc', 'far')
  const offer = await home.evaluate(() => window.peerPage.offer())
  const answer = await far.evaluate((text) => window.peerPage.accept(text), offer)
  await home.evaluate((text) => window.peerPage.accept(text!), answer)
  return { home, tab, far, key }
}

for (const how of ['closed', 'killed'] as const) {
  test(`a page reviews for its tabs and for another browser, without a server; when it is ${how}, they keep what waits`, async ({
    browser,
  }) => {
    const [here, there] = [await browser.newContext(), await browser.newContext()]
    const { home, tab, far, key } = await meet([() => here, () => there])
    await write(home, 'a, by the page that reviews')
    await write(tab, 'b, by its tab')
    await write(far, 'c, by the other browser')
    await agree(
      [home, tab, far],
      ['a, by the page that reviews', 'b, by its tab', 'c, by the other browser'],
    )
    await edit(far, 'a, by the page that reviews', 'a, edited far away')
    await edit(home, 'c, by the other browser', 'c, edited at home')
    await write(tab, `d, ${'long '.repeat(12_000)}`)
    const texts = [
      'a, edited far away',
      'b, by its tab',
      'c, edited at home',
      `d, ${'long '.repeat(12_000)}`,
    ]
    await agree([home, tab, far], texts)

    if (how === 'closed') await home.close()
    else {
      const gone = home.waitForEvent('crash')
      const session = await here.newCDPSession(home)
      void session.send('Page.crash').catch(() => {}) // no answer comes from there
      await gone
    }
    // A tab's end is known at once. Of another machine the platform waits for a sign of life.
    const isAway = (page: Page, timeout: number): Promise<void> =>
      expect
        .poll(async () => (await seen(page)).connection, { timeout })
        .not.toMatch(/^(?:online|syncing)$/)
    await isAway(tab, 5_000)
    await isAway(far, how === 'closed' ? 5_000 : 60_000)
    await write(tab, 'e, while nobody reviews')
    await write(far, 'f, while nobody reviews')
    await far.evaluate(() => window.peerPage.flushed())
    const kept = texts.map((text) => [text, 'canonical'])
    expect((await seen(tab)).notes).toEqual([...kept, ['e, while nobody reviews', 'pending']])
    expect((await seen(far)).notes).toEqual([...kept, ['f, while nobody reviews', 'pending']])

    await far.close()
    const again = await openTab(there, files)
    await again.evaluate((k) => window.peerPage.open(k, 'webrtc', 'far'), key)
    await expect
      .poll(async () => (await seen(again)).notes.at(-1))
      .toEqual(['f, while nobody reviews', 'pending'])
    expect((await seen(again)).outbox).toBe(1)
    await here.close()
    await there.close()
  })
}
