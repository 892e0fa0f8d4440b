import type { Page } from '@playwright/test'
import { expectAccessible, expectNoSidewaysScroll, rulesOfLooks } from './accessible.ts'
import { Board, fresh } from './board.ts'
import type { Demo } from './demo.ts'
import { type VisitOptions, expect, test } from './fixtures.ts'
import { LastYear, lastYearUrl } from './last-year.ts'

type Visit = (options?: VisitOptions) => Promise<Page>

/** Ann with the board of today, Bob with last year's app. */
async function both(visit: Visit, demo: Demo): Promise<[Board, LastYear]> {
  const today = new Board(await visit())
  const lastYear = new LastYear(await visit({ url: lastYearUrl(demo.url) }))
  await today.connected()
  await lastYear.connected()
  return [today, lastYear]
}

/** The same two, away from each other, with an issue of 5 points in Doing between them. */
async function apart(visit: Visit, demo: Demo, title: string): Promise<[Board, LastYear]> {
  const [today, lastYear] = await both(visit, demo)
  await today.create(title, 'Doing')
  await today.open(title)
  await today.drawer.getByLabel('Points').selectOption('5')
  await today.settled()
  await expect(lastYear.line(title)).toBeVisible()
  await today.setOnline(false)
  await lastYear.setOnline(false)
  return [today, lastYear]
}

async function meet(today: Board, lastYear: LastYear): Promise<void> {
  await today.setOnline(true)
  await lastYear.setOnline(true)
  await today.settled()
  await lastYear.settled()
}

test.describe('13.1 two builds on one reviewer', () => {
  test('each sees what the other wrote in its own shape; a tick makes Doing done, and the points stay', async ({
    visit,
    demo,
  }) => {
    const [today, lastYear] = await both(visit, demo)
    const title = fresh('Known to both')
    await today.create(title, 'Doing')
    await today.open(title)
    await today.drawer.getByLabel('Points').selectOption('5')
    await today.drawer.getByLabel('Assignee').selectOption('Chiara')
    await today.drawer.getByLabel('Notes').fill('From today')
    // A field that has the focus shows the draft of its writer.
    await today.drawer.getByLabel('Notes').blur()

    await expect(lastYear.section('Open')).toContainText(title)
    await expect(lastYear.tick(title)).not.toBeChecked()
    await expect(lastYear.line(title)).toContainText('Chiara')
    await lastYear.opener(title).click()
    await expect(lastYear.page.getByLabel('Notes')).toHaveValue('From today')
    await lastYear.page.getByLabel('Notes').fill('From last year')
    await expect(today.drawer.getByLabel('Notes')).toHaveValue('From last year')
    await expect(today.column('Doing')).toContainText(title)

    await lastYear.tick(title).check()
    await expect(lastYear.section('Done')).toContainText(title)
    await expect(lastYear.tick(title)).toBeFocused()
    await expect(today.column('Done')).toContainText(title)
    await expect(today.card(title)).toContainText('5 pt')
    await expect(today.drawer.getByRole('radio', { name: 'Done' })).toBeChecked()

    await lastYear.tick(title).uncheck()
    await expect(today.column('To do')).toContainText(title)
    await today.opener(title).press('Shift+ArrowRight')
    await today.opener(title).press('Shift+ArrowRight')
    await expect(lastYear.tick(title)).toBeChecked()
    await lastYear.settled()

    await today.drawer.getByRole('button', { name: 'History' }).click()
    const lines = today.page.getByRole('dialog', { name: 'History' }).getByRole('listitem')
    await expect(
      lines.filter({ hasText: 'Changed Status to Done in version 1 of the app' }),
    ).toHaveCount(1)
  })

  test('what last year’s app makes is an issue of today, without points, and can be moved on', async ({
    visit,
    demo,
  }) => {
    const [today, lastYear] = await both(visit, demo)
    const title = fresh('Made last year')
    await lastYear.add(title)
    await expect(today.column('To do')).toContainText(title)
    await expect(today.card(title)).not.toContainText('pt')
    await today.opener(title).press('Shift+ArrowRight')
    await expect(today.column('Doing')).toContainText(title)
    await expect(lastYear.line(title)).toContainText(await today.name())
    await expect(lastYear.tick(title)).not.toBeChecked()
    await today.archive(title)
    await expect(today.rejected).toHaveAccessibleName('Rejected: 1')
    await expect(lastYear.line(title)).toBeVisible()
  })

  test('offline on both sides: edits of different fields meet, after a reload of both, without a conflict', async ({
    visit,
    demo,
  }) => {
    const title = fresh('Edited apart')
    const [today, lastYear] = await apart(visit, demo, title)
    await today.drawer.getByLabel('Points').selectOption('8')
    await lastYear.tick(title).check()
    await lastYear.opener(title).click()
    await lastYear.page.getByLabel('Assignee').selectOption('Dev')
    await expect(lastYear.line(title)).toContainText('pending')
    for (const { page } of [today, lastYear]) {
      await page.waitForTimeout(300)
      await page.reload()
    }
    await expect(lastYear.tick(title)).toBeChecked()
    await expect(today.column('Doing')).toContainText(title)

    await meet(today, lastYear)
    await expect(today.column('Done')).toContainText(title)
    await expect(today.card(title)).toContainText('8 pt')
    await expect(today.card(title)).toContainText('Dev')
    await expect(today.card(title)).not.toContainText('conflict')
    await expect(lastYear.section('Done')).toContainText(title)
    await expect(lastYear.line(title)).not.toContainText('conflict')
  })

  test('a conflict is one only for who sees two values; last year’s app can decide it', async ({
    visit,
    demo,
  }) => {
    const title = fresh('Disputed')
    const [today, lastYear] = await apart(visit, demo, title)
    await today.drawer.getByRole('radio', { name: 'To do' }).check()
    await lastYear.tick(title).check()
    await meet(today, lastYear)
    await expect(today.card(title)).toContainText('conflict')
    await expect(lastYear.line(title)).toContainText('conflict')

    await lastYear.opener(title).click()
    const question = lastYear.page.getByRole('group', { name: 'The tick has several values' })
    await expect(question.getByRole('button')).toHaveText([/^Open/, /^Done/])
    await expectAccessible(lastYear.page, 'a conflict in last year’s app')
    await question.getByRole('button', { name: /^Done/ }).click()
    await expect(question).toHaveCount(0)
    await expect(today.column('Done')).toContainText(title)
    await expect(today.card(title)).not.toContainText('conflict')
    await expect(today.card(title)).toContainText('5 pt')

    await today.setOnline(false)
    await lastYear.setOnline(false)
    await today.drawer.getByRole('radio', { name: 'Doing' }).check()
    await lastYear.tick(title).uncheck()
    await meet(today, lastYear)
    await expect(today.card(title)).toContainText('conflict')
    await expect(lastYear.line(title)).not.toContainText('conflict')
    await expect(lastYear.tick(title)).not.toBeChecked()
  })
})

test('9 two builds that decide at once: one wins, and last year’s app shows that and can retry', async ({
  visit,
  demo,
}) => {
  const title = fresh('Raced')
  const [today, lastYear] = await apart(visit, demo, title)
  await today.drawer.getByRole('radio', { name: 'To do' }).check()
  await lastYear.tick(title).check()
  await meet(today, lastYear)
  await expect(today.card(title)).toContainText('conflict')
  await expect(lastYear.line(title)).toContainText('conflict')

  await today.setOnline(false)
  await lastYear.setOnline(false)
  await today.drawer.getByRole('button', { name: 'Resolve', exact: true }).click()
  await today.decision.getByRole('radio').first().check()
  await today.decision.getByRole('button', { name: 'Decide' }).click()
  await lastYear.opener(title).click()
  await lastYear.page.getByRole('button', { name: /^Done/ }).click()
  await today.setOnline(true)
  await today.settled()
  await lastYear.setOnline(true)
  const note = lastYear.page.locator('.banner')
  await expect(note).toHaveText(new RegExp(`“${title}”.*refused\\. Another change came first\\.`))
  await expectAccessible(lastYear.page, 'a refusal in last year’s app')
  await expect(lastYear.section('Open')).toContainText(title)

  await note.getByRole('button', { name: 'Retry' }).click()
  await expect(note).toHaveCount(0)
  await expect(today.column('Done')).toContainText(title)
  await expect(lastYear.tick(title)).toBeChecked()
})

test('last year’s app is opened from today’s, shows its version, and has no field of today’s type', async ({
  visit,
}) => {
  const page = await visit()
  const board = new Board(page)
  await board.connected()
  const [opened] = await Promise.all([
    page.waitForEvent('popup'),
    page.getByRole('link', { name: 'Open last year’s app' }).click(),
  ])
  const lastYear = new LastYear(opened)
  await lastYear.connected()
  await expect(opened.getByText('Last year’s app: version 1')).toBeVisible()
  await expect(opened.locator('[data-part="myself"]')).not.toContainText(await board.name())
  // A sentence of today's declaration: the old build must not have learned it from its own code.
  const says = 'a status is open, doing or done'
  expect(await scriptsOf(page)).toContain(says)
  expect(await scriptsOf(opened)).not.toContain(says)
  await opened.getByRole('link', { name: 'Today’s board' }).click()
  await new Board(opened).connected()
})

/** All scripts that a page has loaded, as text. */
async function scriptsOf(page: Page): Promise<string> {
  const texts = await page.evaluate(() =>
    Promise.all(
      performance
        .getEntriesByType('resource')
        .filter(({ name }) => name.endsWith('.js'))
        .map(async ({ name }) => (await fetch(name)).text()),
    ),
  )
  return texts.join('\n')
}

for (const look of [
  { width: 1280, dark: false },
  { width: 400, dark: true },
]) {
  test(`last year’s app is accessible and fits: ${look.width} wide`, async ({ visit, demo }) => {
    const page = await visit({ ...look, url: lastYearUrl(demo.url) })
    const lastYear = new LastYear(page)
    await lastYear.connected()
    await expect(page.locator('.line').first()).toBeVisible()
    const check = async (where: string): Promise<void> => {
      await expectAccessible(page, where, look.dark ? rulesOfLooks : undefined)
      await expectNoSidewaysScroll(page, where)
    }
    await check('the list of last year’s app')
    const first = page.locator('.line__title').first()
    await first.press('Enter')
    await expect(page.getByLabel('Notes')).toBeVisible()
    await check('an issue in last year’s app')
    await page.getByLabel('Notes').press('Escape')
    await expect(page.getByLabel('Notes')).toHaveCount(0)
    await expect(first).toBeFocused()
  })
}
