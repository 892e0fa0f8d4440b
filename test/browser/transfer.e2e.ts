import { readFile, writeFile } from 'node:fs/promises'
import type { Page } from '@playwright/test'
import { Board, fresh } from './board.ts'
import { expect, test } from './fixtures.ts'

async function openImport(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Import and export' }).click()
  await page.getByRole('menuitem', { name: 'Import JSON…' }).click()
}

test('an export of one board is imported on another, from a file', async ({
  visit,
  startDemo,
}, info) => {
  const empty = await startDemo('--empty')
  const from = await visit()
  const source = new Board(from)
  await source.connected()
  await expect(source.pane.locator('.card').first()).toBeVisible()
  const [kept, put] = [fresh('Exported'), fresh('Exported and archived')]
  await source.create(kept)
  await source.create(put)
  await source.open(put)
  await source.drawer.getByRole('button', { name: 'Archive' }).click()

  const downloading = from.waitForEvent('download')
  await from.getByRole('button', { name: 'Import and export' }).click()
  await from.getByRole('menuitem', { name: 'Export all as JSON' }).click()
  const path = info.outputPath('issues.json')
  await (await downloading).saveAs(path)
  const file = JSON.parse(await readFile(path, 'utf8'))
  expect(file.format).toBe('countersign-board')
  const active = file.issues.filter((issue: { archived?: boolean }) => issue.archived !== true)

  const to = await visit({ url: empty.url })
  const target = new Board(to)
  await target.connected()
  await expect(target.column('To do')).toContainText('Nothing in To do')
  await openImport(to)
  await to.getByLabel('File').setInputFiles(path)
  await to.getByRole('button', { name: `Import ${file.issues.length}` }).click()
  await expect(target.pane.getByText(`Imported ${file.issues.length} issues`)).toBeVisible()
  await expect(target.pane.locator('.card')).toHaveCount(active.length)
  expect(await target.titles('To do')).toEqual(await source.titles('To do'))
  await target.settled()
  await target.pane.getByRole('button', { name: 'Archived', exact: true }).click()
  await expect(target.card(put)).toBeVisible()
})

test('a pasted list comes in, and is reviewed', async ({ visit }) => {
  const page = await visit()
  const board = new Board(page)
  await board.connected()
  const titles = Array.from({ length: 300 }, (_, at) => fresh(`Pasted ${at}`))
  await openImport(page)
  await page
    .getByLabel('Or paste JSON')
    .fill(JSON.stringify(titles.map((title) => ({ title, status: 'done', points: 1 }))))
  await page.getByRole('button', { name: 'Import 300' }).click()
  await expect(page.getByText('Imported 300 issues')).toBeVisible()
  await board.settled()
  await board.search(titles[299]!)
  await expect(board.card(titles[299]!)).toHaveAttribute('data-state', 'canonical')
})

test('a bad file shows its fault and changes nothing', async ({ visit }, info) => {
  const page = await visit()
  const board = new Board(page)
  await board.connected()
  const title = fresh('Never imported')
  await openImport(page)
  const text = page.getByLabel('Or paste JSON')
  const go = page.getByRole('button', { name: 'Import', exact: true })

  await text.fill('{ not json')
  await expect(page.getByText('This is not JSON.')).toBeVisible()
  await expect(go).toBeDisabled()
  await text.fill(JSON.stringify([{ title }, { title: 'x', points: 99 }]))
  await expect(page.getByText('Issue 2: points go from 0 to 13.')).toBeVisible()
  await expect(go).toBeDisabled()

  const path = info.outputPath('bad.json')
  await writeFile(path, '{"format":"countersign-board","version":9,"issues":[]}')
  await page.getByLabel('File').setInputFiles(path)
  await expect(page.getByText('made by a newer board')).toBeVisible()
  await expect(go).toBeDisabled()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await board.search(title)
  await expect(board.pane.locator('.card')).toHaveCount(0)
  await expect(board.outbox).toHaveAttribute('data-count', '0')
})

test('300 issues with 280 Chinese characters each reach a new replica', async ({ visit }) => {
  const page = await visit()
  const board = new Board(page)
  await board.connected()
  const word = fresh('新手')
  const notes = '笔'.repeat(280)
  const issues = Array.from({ length: 300 }, (_, at) => ({ title: `${word} ${at}`, notes }))
  await openImport(page)
  await page.getByLabel('Or paste JSON').fill(JSON.stringify(issues))
  await page.getByRole('button', { name: 'Import 300' }).click()
  await expect(page.getByText('Imported 300 issues')).toBeVisible()
  await board.settled()

  // It shows what has come as it comes, so what is waited for is all of it, however slow the machine.
  const newcomer = new Board(await visit())
  await newcomer.search(word)
  await expect(newcomer.column('To do')).toContainText('300 issues', { timeout: 60_000 })
  const last = `${word} 299`
  await newcomer.search(last)
  await newcomer.open(last)
  await expect(newcomer.drawer.getByLabel('Notes')).toHaveValue(notes)
})
