import { expectAccessible, expectNoSidewaysScroll, rulesOfLooks } from './accessible.ts'
import { Board } from './board.ts'
import { expect, test } from './fixtures.ts'

const looks = [
  { name: 'light and wide', width: 1280, dark: false, rules: undefined },
  { name: 'dark and narrow', width: 400, dark: true, rules: rulesOfLooks },
]

for (const { name, rules, ...look } of looks) {
  test(`every view is accessible and fits: ${name}`, async ({ visit }) => {
    test.slow()
    const page = await visit(look)
    const board = new Board(page)
    await board.connected()
    await expect(board.pane.locator('.card').first()).toBeVisible()
    const check = async (where: string): Promise<void> => {
      await expectAccessible(page, where, rules)
      await expectNoSidewaysScroll(page, where)
    }
    await check('the board')

    await board.pane.locator('.card__open').first().click()
    await expect(board.drawer).toBeVisible()
    await check('the drawer')
    await page.keyboard.press('Escape')
    await expect(board.pane.locator('.card__open').first()).toBeFocused()

    await board.pane.getByRole('button', { name: 'List', exact: true }).click()
    await check('the list')
    await board.pane.getByRole('button', { name: 'Archived', exact: true }).click()
    await check('the archive')
    await board.pane.getByRole('button', { name: 'Archived', exact: true }).click()
    await board.pane.getByRole('button', { name: 'Board', exact: true }).click()

    await board.pane.getByRole('button', { name: 'New issue', exact: true }).click()
    await check('a new issue')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Import and export' }).click()
    await check('a menu')
    await page.getByRole('menuitem', { name: 'Import JSON…' }).click()
    await page.getByLabel('Or paste JSON').fill('[{}]')
    await check('the import')
    await page.keyboard.press('Escape')

    await board.setOnline(false)
    await board.pane.locator('.card__open').first().press('Shift+ArrowRight')
    await expect(board.outbox).toHaveAttribute('data-count', '1')
    await board.outbox.click()
    await expect(page.getByRole('dialog', { name: 'Outbox' })).toContainText('saved on this device')
    await check('the outbox')
    await page.keyboard.press('Escape')

    await page.getByRole('button', { name: 'Second person', exact: true }).click()
    await new Board(page, 'second').connected()
    await check('two people')
  })
}

test('an empty space shows that it is empty, and accepts the first issue', async ({
  visit,
  startDemo,
}) => {
  const demo = await startDemo('--empty')
  const page = await visit({ url: demo.url })
  const board = new Board(page)
  await board.connected()
  await expect(board.column('To do')).toContainText('Nothing in To do')
  await expectAccessible(page, 'an empty board')
  await board.pane.getByRole('button', { name: 'List', exact: true }).click()
  await expect(board.pane.getByText('No issues yet')).toBeVisible()
  await board.pane.getByRole('button', { name: 'New issue' }).last().click()
  const dialog = page.getByRole('dialog', { name: 'New issue' })
  await dialog.getByLabel('Title').fill('The first of all')
  await page.keyboard.press('Enter')
  await expect(board.pane.locator('tbody tr')).toHaveCount(1)
  // The first change of the space is the declaration of today’s version.
  await expect(board.pane.locator('tbody .number')).toHaveText('#2')
})
