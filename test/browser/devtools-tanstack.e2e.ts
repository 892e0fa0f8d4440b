/** The plugin inside TanStack Devtools, in an app of theirs and ours alone (`test/tanstack`). */
import { test } from '@playwright/test'
import { builtPage } from '../tanstack/page.ts'
import { Panel } from './devtools-panel.ts'
import { expect } from './expect.ts'

const SITE = 'http://tanstack.test/'
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  css: 'text/css',
}

test('the plugin opens inside TanStack Devtools, lives with the store, and goes without a trace', async ({
  page,
}) => {
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  const files = await builtPage()
  await page.route(`${SITE}**`, (route) => {
    const name = new URL(route.request().url()).pathname.slice(1) || 'index.html'
    const file = files.get(name)
    if (file === undefined) return route.fulfill({ status: 404 })
    const contentType = TYPES[name.split('.').at(-1) ?? ''] ?? 'text/plain'
    return route.fulfill({ body: Buffer.from(file), contentType })
  })
  await page.goto(SITE)
  await expect(page.getByRole('heading', { name: 'An app' })).toBeVisible()
  const panel = new Panel(page)
  await expect(panel.element).toHaveCount(0)

  const write = page.getByRole('button', { name: 'Write a note' })
  const told = (): Promise<number> => page.evaluate('eventsTold()')
  await write.click()
  expect(await told()).toBe(0)

  await page.getByRole('button', { name: 'Open TanStack Devtools' }).click()
  await expect(panel.element).toBeVisible()
  await expect(panel.button('Open 2')).toBeVisible()
  await write.click()
  await expect(panel.rows).toHaveCount(3)
  await panel.rows.first().click()
  await expect(panel.detail).toContainText('"Shown in TanStack Devtools"')
  await panel.view('Timeline')
  await expect(panel.rows.filter({ hasText: 'written' })).toHaveCount(1)

  const before = await told()
  await page.getByRole('button', { name: 'Close Countersign' }).click()
  await expect(panel.element).toHaveCount(0)
  await write.click()
  expect(await told()).toBe(before)
  expect(errors).toEqual([])
})
