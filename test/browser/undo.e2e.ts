import { Board, fresh } from './board.ts'
import { expect, test } from './fixtures.ts'

test('Ctrl+Z takes the last change back and Ctrl+Shift+Z does it again, outside of text', async ({
  visit,
}) => {
  const board = new Board(await visit())
  const { page } = board
  const title = fresh('Back and forth')
  await board.connected()
  const undo = board.pane.getByRole('button', { name: 'Undo my last change' })
  const redo = board.pane.getByRole('button', { name: 'Redo my last change' })
  await expect(undo).toHaveAttribute('aria-disabled', 'true')
  await board.create(title)
  await board.opener(title).press('Shift+ArrowRight')
  await expect(board.column('Doing')).toContainText(title)
  await expect(undo).toHaveAttribute('aria-disabled', 'false')
  await expect(redo).toHaveAttribute('aria-disabled', 'true')

  await page.keyboard.press('Control+z')
  await expect(board.column('To do')).toContainText(title)
  await expect(board.toasts.last()).toContainText(`Undone in “${title}”.`)
  await page.keyboard.press('Control+Shift+z')
  await expect(board.column('Doing')).toContainText(title)
  await expect(board.toasts.last()).toContainText(`Redone in “${title}”.`)

  // While somebody types, the keys are the browser's.
  const search = board.pane.getByLabel('Search titles and notes')
  await search.fill(title)
  await search.press('Control+z')
  await expect(search).toHaveValue('')
  await expect(board.column('Doing')).toContainText(title)

  await undo.click()
  await undo.click()
  await expect(board.card(title)).toHaveCount(0)
  await expect(undo).toHaveAttribute('aria-disabled', 'true')
  await redo.click()
  await expect(board.column('To do')).toContainText(title)
  await board.settled()
})

test('fields that another person has changed since stay, and are reported', async ({ visit }) => {
  const ann = new Board(await visit())
  const bob = new Board(await visit())
  const title = fresh('Since changed')
  await ann.connected()
  await ann.create(title)
  await expect(bob.card(title)).toBeVisible()
  await ann.open(title)
  await ann.drawer.getByLabel('Points').selectOption('5')
  await expect(bob.card(title)).toContainText('5 pt')
  await bob.open(title)
  await bob.drawer.getByLabel('Points').selectOption('8')
  await expect(ann.card(title)).toContainText('8 pt')
  await ann.pane.getByRole('button', { name: 'Undo my last change' }).click()
  await expect(ann.toasts.last()).toContainText(
    `Left as it is, because it was changed since: Points of “${title}”.`,
  )
  await expect(ann.card(title)).toContainText('8 pt')
})

test('of two people beside each other, the keys go to the one who works', async ({ visit }) => {
  const page = await visit()
  const me = new Board(page)
  await me.connected()
  await page.getByRole('button', { name: 'Second person', exact: true }).click()
  const other = new Board(page, 'second')
  await other.connected()
  const [mine, theirs] = [fresh('Mine'), fresh('Theirs')]
  await me.create(mine)
  await other.create(theirs)
  await expect(me.card(theirs)).toBeVisible()
  await other.pane.locator('.card__open', { hasText: theirs }).focus()
  await page.keyboard.press('Control+z')
  await expect(me.pane.locator('.card', { hasText: theirs })).toHaveCount(0)
  await expect(me.card(mine)).toBeVisible()
})
