import type { Locator } from '@playwright/test'
import { expectAccessible, expectNoSidewaysScroll, rulesOfLooks } from './accessible.ts'
import { Board, fresh } from './board.ts'
import { expect, test } from './fixtures.ts'

const trayOf = (board: Board): Locator =>
  board.page.getByRole('dialog', { name: 'Rejected changes' })

const onlyTheAuthor = 'Only the author of an issue may archive it.'

test('a refused archive is taken back, waits with its reason, survives a reload, and is discarded by keys', async ({
  visit,
}) => {
  const ann = new Board(await visit())
  const bob = new Board(await visit())
  const title = fresh('Not yours')
  await ann.connected()
  await ann.create(title)
  await expect(bob.card(title)).toBeVisible()
  await expect(bob.rejected).toHaveAccessibleName('Rejected')
  await bob.archive(title)
  await expect(bob.toasts.filter({ hasText: `Refused: Archive “${title}”.` })).toContainText(
    onlyTheAuthor,
  )
  await expect(bob.card(title)).toBeVisible()
  await expect(ann.card(title)).toBeVisible()
  await expect(bob.rejected).toHaveAccessibleName('Rejected: 1')

  const { page } = bob
  await page.reload()
  await expect(bob.rejected).toHaveAccessibleName('Rejected: 1')
  await bob.rejected.focus()
  await page.keyboard.press('Enter')
  const tray = trayOf(bob)
  await expect(tray).toContainText(`Archive “${title}”`)
  await expect(tray).toContainText(onlyTheAuthor)
  const discard = tray.getByRole('button', { name: 'Discard' })
  await expect(discard).toBeFocused()
  await expect(discard).toHaveAccessibleDescription(`Archive “${title}”`)
  await page.keyboard.press('Enter')
  await expect(tray).toContainText('No rejected changes')
  await expect(tray.getByRole('button', { name: 'Close' })).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(bob.rejected).toHaveAccessibleName('Rejected')
  await page.reload()
  await expect(bob.card(title)).toBeVisible()
  await expect(bob.rejected).toHaveAccessibleName('Rejected')
})

test('a refused issue and its dependents are retried by keys, once there is room', async ({
  visit,
  startDemo,
}) => {
  const demo = await startDemo('--empty')
  const board = new Board(await visit({ url: demo.url }))
  const { page } = board
  await board.connected()
  const full = Array.from({ length: 7 }, (_, at) => fresh(`Full ${at}`))
  await page.getByRole('button', { name: 'Import and export' }).click()
  await page.getByRole('menuitem', { name: 'Import JSON…' }).click()
  await page
    .getByLabel('Or paste JSON')
    .fill(JSON.stringify(full.map((title) => ({ title, status: 'doing', points: 13 }))))
  await page.getByRole('button', { name: 'Import 7' }).click()
  await expect(board.column('Doing').locator('.card')).toHaveCount(7)
  await board.settled()

  const title = fresh('One too many')
  await board.setOnline(false)
  await page.getByRole('button', { name: 'New issue in Doing' }).click()
  await page.getByRole('dialog').getByLabel('Title').fill(title)
  await page.getByRole('dialog').getByLabel('Points').selectOption('13')
  await page.getByRole('button', { name: 'Create issue' }).click()
  await board.open(title)
  await board.drawer.getByLabel('Assignee').selectOption('Chiara')
  await page.keyboard.press('Escape')
  await board.setOnline(true)
  await expect(board.card(title)).toHaveCount(0)
  await board.rejected.click()
  const tray = trayOf(board)
  await expect(tray.locator('[data-refused]')).toHaveCount(1)
  await expect(tray).toContainText(`Create “${title}”`)
  await expect(tray).toContainText(
    'Doing would have 104 points, and 100 is the most: finish something first.',
  )
  await expect(tray).toContainText('1 later change depends on it')

  // As full as before: refused again, and back in the tray.
  await page.keyboard.press('Tab')
  await expect(tray.getByRole('button', { name: 'Retry' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(board.rejected).toHaveAccessibleName('Rejected: 1')
  await expect(tray).toContainText('1 later change depends on it')
  await page.keyboard.press('Escape')

  await board.opener(full[0]!).press('Shift+ArrowRight')
  await board.settled()
  await board.rejected.press('Enter')
  await tray.getByRole('button', { name: 'Retry' }).press('Enter')
  await expect(board.card(title)).toContainText('Chiara')
  await board.settled()
  await expect(board.card(title)).toHaveAttribute('data-state', 'canonical')
  await expect(board.rejected).toHaveAccessibleName('Rejected')
})

for (const look of [
  { width: 1280, dark: false },
  { width: 400, dark: true },
]) {
  test(`the tray is accessible and fits: ${look.width} wide`, async ({ visit }) => {
    const board = new Board(await visit(look))
    await board.connected()
    // The first issues are somebody else's.
    const title = (await board.column('To do').locator('.card__open').first().textContent())!
    await board.archive(title)
    await expect(board.rejected).toHaveAccessibleName('Rejected: 1')
    await board.rejected.click()
    await expect(trayOf(board)).toContainText(onlyTheAuthor)
    const rules = look.dark ? rulesOfLooks : undefined
    await expectAccessible(board.page, 'the tray', rules)
    await expectNoSidewaysScroll(board.page, 'the tray')
    await trayOf(board).getByRole('button', { name: 'Discard' }).click()
    await expectAccessible(board.page, 'an empty tray', rules)
  })
}
