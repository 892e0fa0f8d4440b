/** The devtools on the board, with a real reviewer: what they tell is what happens. */
import { readFileSync } from 'node:fs'
import { replayTrace } from '../world/trace-replay.ts'
import { readTrace } from '@countersign/devtools/panel'
import { AxeBuilder } from '@axe-core/playwright'
import { expectNoSidewaysScroll, rulesOfLooks } from './accessible.ts'
import { Board, fresh } from './board.ts'
import { Panel } from './devtools-panel.ts'
import { cutOff, eachView, fillDevtools } from './devtools-scene.ts'
import { type VisitOptions, expect, test } from './fixtures.ts'
import { LastYear, lastYearUrl } from './last-year.ts'
import type { Page } from '@playwright/test'

type Visit = (options?: VisitOptions) => Promise<Page>

/** The panel takes half of the page. */
const look = { width: 1280, height: 1_400 }

async function opened(visit: Visit): Promise<[Board, Panel]> {
  const page = await visit(look)
  const board = new Board(page)
  await board.connected()
  const panel = new Panel(page)
  return [board, panel]
}

/** The page around it has tests of its own. */
async function expectPanelAccessible(
  page: Page,
  where: string,
  rules: readonly string[] | undefined,
): Promise<void> {
  const axe = new AxeBuilder({ page }).include('[data-countersign-devtools]')
  if (rules) axe.withRules([...rules])
  const { violations, passes } = await axe.analyze()
  const found = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join('\n')}`,
  )
  expect(found, `axe on ${where}`).toEqual([])
  expect(passes.length, `axe on ${where} looked at nothing`).toBeGreaterThan(0)
}

test('6: what is written offline is queued, and acked once the network is back', async ({
  visit,
}) => {
  const [board, panel] = await opened(visit)
  await panel.open()
  await panel.view('Faults')
  await panel.fault('Network', 'Offline').check()
  await expect(board.status.getByText('Connected')).toHaveCount(0)
  await board.create(fresh('Queued'))

  await panel.outbox('Open')
  await expect(panel.rows).toHaveCount(1)
  await panel.rows.click()
  await expect(panel.detail.locator('.pill')).toHaveText('queued')
  await expect(panel.detail).toContainText('offline by devtools')
  await expect(panel.detail).toContainText('create issue')

  await panel.view('Faults')
  await panel.button('Reset all').click()
  await expect(panel.fault('Network', 'Offline')).not.toBeChecked()
  await panel.outbox('Accepted')
  await expect(panel.rows).toHaveCount(1)
  await panel.rows.click()
  await expect(panel.detail.locator('.pill')).toHaveText('accepted')
  await expect(panel.detail).toContainText('Reviewer')
  await board.settled()

  await panel.view('Timeline')
  await panel.element.getByLabel('Which events').selectOption('My messages')
  const kinds = panel.rows.locator('.state')
  await expect(kinds.first()).toHaveText('accepted')
  const told = await kinds.allTextContents()
  expect(told.filter((kind) => ['written', 'queued', 'accepted'].includes(kind))).toEqual([
    'accepted',
    'queued',
    'written',
  ])
})

test('6: a refused message is listed with its reason and its dependents, until it is retried or discarded', async ({
  visit,
}) => {
  const [board, panel] = await opened(visit)
  // Issues that the demo starts with are somebody else's.
  const title = (await board.titles('To do'))[2] ?? ''
  await board.setOnline(false)
  await board.archive(title)
  await board.pane.getByRole('button', { name: 'Archived', exact: true }).click()
  await board.open(title)
  await board.drawer.getByRole('button', { name: 'Restore' }).click()
  await board.setOnline(true)
  await board.settled()

  await panel.open()
  await panel.outbox('Refused')
  await expect(panel.rows).toHaveCount(2)
  await panel.rows.first().click()
  const { detail } = panel
  await expect(detail.locator('.pill')).toHaveText('rejected')
  await expect(detail).toContainText('unauthorised')
  await expect(detail).toContainText('only the author of an issue may archive it')
  await expect(detail).toContainText('Blocks')
  await panel.rows.nth(1).click()
  await expect(detail.locator('.pill')).toHaveText('blocked')
  await expect(detail).toContainText(/Verdict\s*depends on \S+ \(unauthorised\)/)
  await expect(detail).toContainText('Blocked by')

  // Written again, the first is refused again: another message, and its own descendant.
  await panel.rows.first().click()
  await expect(detail.locator('.pill')).toHaveText('rejected') // not the detail of the row before
  const before = await detail.getByText('Message').locator('..').textContent()
  await panel.button('Write all 2 again').click()
  await expect(panel.said).toHaveText('Written again')
  await expect(panel.button('Refused 2')).toBeVisible()
  await panel.rows.first().click()
  await expect(detail.locator('.pill')).toHaveText('rejected')
  await expect(detail.getByText('Message').locator('..')).not.toHaveText(before ?? '')
  await panel.button('Discard all 2').click()
  await panel.button('Discard for good?').click()
  await expect(panel.button('Refused 0')).toBeVisible()
  await expect(board.rejected.locator('[data-count]')).toHaveCount(0)
})

test('9: a conflict is shown with its history, and resolved from there for all replicas', async ({
  visit,
}) => {
  const title = fresh('Disputed')
  const [ann, panel] = await opened(visit)
  const bob = new Board(await visit())
  await bob.connected()
  await ann.create(title)
  await expect(bob.card(title)).toBeVisible()
  await ann.settled()
  for (const [board, words] of [
    [ann, `${title}, hers`],
    [bob, `${title}, his`],
  ] as const) {
    await board.setOnline(false)
    await board.open(title)
    await board.drawer.getByLabel('Title', { exact: true }).fill(words)
    await board.page.keyboard.press('Escape')
  }
  await ann.setOnline(true)
  await ann.settled()
  await bob.setOnline(true)
  await bob.settled()

  await panel.open()
  await panel.find(title)
  await expect(panel.detail.locator('.pill', { hasText: 'conflict' })).toBeVisible()
  await panel.button('History').click()
  const graph = panel.element.locator('.dag__graph')
  await expect(graph.locator('.dag__dot')).toHaveCount(3)
  await expect(graph.locator('.dag__ring')).toHaveCount(2)
  await expect(graph.locator('.dag__edge')).toHaveCount(2)
  const conflict = panel.element.locator('.section', { hasText: 'Conflict in title' })
  await expect(conflict).toContainText(`Before"${title}"`)
  await expect(conflict.locator('li')).toHaveCount(2)

  // What was before, by the slider.
  await panel.element.getByLabel('Moment of its history').press('Home')
  await expect(panel.detail).toContainText('The row as it was then')
  await expect(conflict).toHaveCount(0)
  await panel.element.getByLabel('Moment of its history').press('End')

  await conflict
    .locator('li', { hasText: ', his"' })
    .getByRole('button', { name: 'Take this' })
    .click()
  await expect(panel.said).toContainText('title is resolved')
  await expect(conflict).toHaveCount(0)
  await expect(graph.locator('.dag__dot')).toHaveCount(4)
  for (const board of [ann, bob]) {
    await expect(board.card(`${title}, his`)).toBeVisible()
    await expect(board.card(`${title}, his`)).not.toContainText('conflict')
  }
})

test('13: a row is shown as each version sees it, with the lenses between them', async ({
  visit,
  demo,
}) => {
  const [, panel] = await opened(visit)
  const lastYear = new LastYear(await visit({ url: lastYearUrl(demo.url) }))
  await lastYear.connected()
  const title = fresh('Ticked last year')
  await lastYear.add(title)
  await lastYear.tick(title).check()
  await lastYear.settled()

  await panel.open()
  await panel.find(title)
  const version = (number: number) =>
    panel.element.locator('.section', { hasText: `As version ${number} sees it` })
  const row = (number: number, field: string) =>
    version(number).getByRole('row', { name: new RegExp(`^${field} `) })
  await expect(panel.detail).toContainText(/Written in\s*version 1/)
  await expect(row(1, 'done')).toContainText('true')
  await expect(row(1, 'done')).toContainText('as written in 1')
  await expect(row(2, 'status')).toContainText('"done"')
  await expect(row(2, 'status')).toContainText('1 → 2: map of done to status (version 2)')
  await expect(version(2)).toContainText('Steps to it: map of done to status; add of points')
})

test('a full storage is reported, and writes continue when it has room again', async ({
  visit,
  expectedErrors,
}) => {
  expectedErrors.push(/^Countersign: writes are not durable on this device \(quota\)/)
  expectedErrors.push(/^Countersign: unsent messages \(1\) are on this device alone/)
  const [board, panel] = await opened(visit)
  await panel.open()
  await panel.view('Faults')
  await panel.fault('Storage', 'Full').check()
  await board.create(fresh('Not stored'))
  await expect(board.status.getByText('Not stored')).toBeVisible()
  await panel.view('Storage')
  await expect(panel.element.locator('.section', { hasText: 'Health' })).toContainText('quota')
  await panel.view('Faults')
  await panel.button('Reset all').click()
  await board.settled()
})

test('with a second person, the panel stays open and looks at either', async ({ visit }) => {
  const [board, panel] = await opened(visit)
  await panel.open()
  await panel.view('Sync')
  const first = await panel.element.locator('.section', { hasText: 'Identity' }).textContent()
  await board.page.getByRole('button', { name: 'Second person', exact: true }).click()
  await new Board(board.page, 'second').connected()
  await expect(panel.element).toBeVisible()
  await panel.view('Sync')
  const identity = panel.element.locator('.section', { hasText: 'Identity' })
  await expect(identity).toHaveText(first ?? '')
  await panel.element.getByLabel('Store').selectOption('Second person')
  await expect(identity).not.toHaveText(first ?? '')
  await panel.view('Faults')
  await expect(panel.element.getByRole('group', { name: 'Network: second' })).toBeVisible()
})

test('a trace that is saved here opens here, and comes to the same rows in the world', async ({
  visit,
}) => {
  const title = fresh('Traced')
  const [board, panel] = await opened(visit)
  await panel.open()
  await board.create(title)
  await board.card(title).locator('.card__open').press('Shift+ArrowRight')
  await board.settled()
  await panel.button('Save or open a trace').click()
  const [download] = await Promise.all([
    board.page.waitForEvent('download'),
    panel.button('Save trace').click(),
  ])
  const path = await download.path()
  await panel.button('Save or open a trace').click()
  await panel.element.getByLabel('Trace file').setInputFiles(path)
  await expect(panel.element.locator('.banner')).toContainText('A trace of')
  await panel.find(title)
  await panel.button('Back to the store').click()
  await expect(panel.element.locator('.banner')).toHaveCount(0)

  const read = readTrace(readFileSync(path, 'utf8'))
  if (!read.ok) throw new Error(read.message)
  const { rows, differences } = await replayTrace(read.trace)
  expect(differences).toEqual([])
  expect(rows).toBeGreaterThan(0)
})

test('every view is accessible and fits: wide and light, narrow and dark', async ({
  visit,
  demo,
}) => {
  test.slow()
  const [ann, panel] = await opened(visit)
  const { page } = ann
  const bob = new Board(await visit())
  const lastYear = new LastYear(await visit({ url: lastYearUrl(demo.url) }))
  await bob.connected()
  await lastYear.connected()
  await panel.open()
  const title = fresh('Looked at')
  await fillDevtools(title, [ann, bob], lastYear)
  await cutOff(ann, panel)
  for (const { width, dark, rules } of [
    { width: 1280, dark: false, rules: undefined },
    { width: 400, dark: true, rules: rulesOfLooks },
  ]) {
    await page.setViewportSize({ width, height: 900 })
    await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' })
    await eachView(panel, title, async (name) => {
      const where = `${name}, ${width} px, ${dark ? 'dark' : 'light'}`
      await expectPanelAccessible(page, where, rules)
      await expectNoSidewaysScroll(page, where)
    })
  }
})
