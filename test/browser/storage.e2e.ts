/** Storage that is lost, and work that was saved as a file before, in a real browser. */
import { type BrowserContext, type Page, test } from '@playwright/test'
import { expect } from './expect.ts'
import { type Files, builtPage, openTab } from './peers/site.ts'
import type {} from './storage/main.ts'

let files: Files
test.beforeAll(async () => {
  files = await builtPage(new URL('storage/', import.meta.url))
})

const errors: string[] = []
test.beforeEach(() => void errors.splice(0))
test.afterEach(() => expect(errors, 'errors of the pages').toEqual([]))

async function visit(context: BrowserContext): Promise<Page> {
  const page = await openTab(context, files, 'storagePage')
  page.on('pageerror', (error) => errors.push(String(error)))
  return page
}

const health = (page: Page) => page.evaluate(() => window.storagePage.health())

test('HLTH3 the browser empties IndexedDB, and the next visit notices it', async ({ browser }) => {
  const context = await browser.newContext()
  const first = await visit(context)
  await first.evaluate(() => window.storagePage.open())
  await first.evaluate(() => window.storagePage.write('here today'))
  await first.evaluate(() => window.storagePage.flushed())
  await expect.poll(async () => (await health(first))?.quotaBytes).toBeGreaterThan(0)
  expect(await health(first)).toMatchObject({ messagesAtRisk: 0 })
  expect((await health(first))?.evictedAt).toBeUndefined()
  await first.close()

  const reloaded = await visit(context)
  await reloaded.evaluate(() => window.storagePage.open())
  await expect.poll(async () => (await health(reloaded))?.quotaBytes).toBeGreaterThan(0)
  expect((await health(reloaded))?.evictedAt).toBeUndefined()
  expect(await reloaded.evaluate(() => window.storagePage.notes())).toHaveLength(1)
  await reloaded.close()

  const between = await visit(context)
  expect(await between.evaluate(() => window.storagePage.evict())).toBe(1)
  await between.evaluate(() => window.storagePage.open())
  await expect.poll(async () => (await health(between))?.evictedAt).toBeGreaterThan(0)
  expect(await between.evaluate(() => window.storagePage.notes())).toEqual([])
  await context.close()
})

test('UNS1 unsent work is saved as text, and written anew in another browser', async ({
  browser,
}) => {
  const [here, there] = [await browser.newContext(), await browser.newContext()]
  const from = await visit(here)
  await from.evaluate(() => window.storagePage.open())
  for (const text of ['a, never sent', 'b, never sent'])
    await from.evaluate((words) => window.storagePage.write(words), text)
  const saved = await from.evaluate(() => window.storagePage.export())
  await here.close()

  const to = await visit(there)
  await to.evaluate(() => window.storagePage.review())
  await to.evaluate(() => window.storagePage.open())
  await expect.poll(() => to.evaluate(() => window.storagePage.caughtUp())).toBe(true)
  const importing = () => to.evaluate((text) => window.storagePage.import(text), saved)
  expect(await importing()).toEqual({ written: 2, skipped: 0, left: [] })
  await expect
    .poll(() => to.evaluate(() => window.storagePage.notes()))
    .toEqual([
      ['a, never sent', 'canonical'],
      ['b, never sent', 'canonical'],
    ])
  expect(await importing()).toEqual({ written: 0, skipped: 2, left: [] })
  await there.close()
})
