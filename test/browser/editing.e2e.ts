import { Board, fresh } from './board.ts'
import { expect, test } from './fixtures.ts'

test.describe('text that two people edit', () => {
  test('a change from elsewhere leaves draft and caret alone; typing on answers it', async ({
    visit,
  }) => {
    const ann = new Board(await visit())
    const bob = new Board(await visit())
    const title = fresh('Draft')
    await ann.connected()
    await ann.create(title)
    await expect(bob.card(title)).toBeVisible()

    await ann.open(title)
    const draft = ann.drawer.getByLabel('Title')
    await draft.click()
    await draft.press('Home')
    await draft.pressSequentially('My ')
    await expect(ann.card(`My ${title}`)).toBeVisible()
    await expect(bob.card(`My ${title}`)).toBeVisible()

    await bob.open(`My ${title}`)
    await bob.drawer.getByLabel('Title').fill(`Their ${title}`)
    await expect(ann.drawer).toContainText('Another person changed this')
    await expect(draft).toHaveValue(`My ${title}`)
    await expect(draft).toBeFocused()
    expect(await draft.evaluate((input: HTMLTextAreaElement) => input.selectionStart)).toBe(3)

    await draft.pressSequentially('own ')
    await expect(draft).toHaveValue(`My own ${title}`)
    await expect(ann.drawer).not.toContainText('Another person changed this')
    await draft.blur()
    await expect(draft).toHaveValue(`My own ${title}`)
    await bob.drawer.getByLabel('Title').blur()
    await expect(bob.drawer.getByLabel('Title')).toHaveValue(`My own ${title}`)
  })

  test('who leaves the field without typing gets the value of the other', async ({ visit }) => {
    const ann = new Board(await visit())
    const bob = new Board(await visit())
    const title = fresh('Only looking')
    await ann.connected()
    await ann.create(title)
    await expect(bob.card(title)).toBeVisible()
    await ann.open(title)
    const field = ann.drawer.getByLabel('Title')
    await field.focus()
    await bob.open(title)
    await bob.drawer.getByLabel('Title').fill(`${title} changed`)
    await expect(ann.drawer).toContainText('Another person changed this')
    await expect(field).toHaveValue(title)
    await field.blur()
    await expect(field).toHaveValue(`${title} changed`)
  })

  test('an invalid draft shows the reason, is not written, and a blur restores the value', async ({
    visit,
  }) => {
    const board = new Board(await visit())
    await board.connected()
    const title = fresh('Needs a title')
    await board.create(title)
    await board.open(title)
    const field = board.drawer.getByLabel('Title')
    await field.fill('')
    await expect(board.drawer).toContainText('Not saved: an issue needs a title')
    await field.blur()
    await expect(field).toHaveValue(title)
  })
})

test.describe('moving', () => {
  test('with the keyboard, the focus stays on the card and the move is announced', async ({
    visit,
  }) => {
    const page = await visit()
    const board = new Board(page)
    await board.connected()
    const title = fresh('By keyboard')
    await board.create(title)
    const card = board.opener(title)
    await card.focus()
    await page.keyboard.press('Shift+ArrowRight')
    await expect(board.announcer).toContainText(`${title}: moved to Doing, place 1 of`)
    await expect(board.column('Doing').locator('.card__open').first()).toHaveText(title)
    await expect(card).toBeFocused()
    await page.keyboard.press('Shift+ArrowDown')
    await expect(board.announcer).toContainText('place 2 of')
    await expect(board.column('Doing').locator('.card__open').nth(1)).toHaveText(title)
    await expect(card).toBeFocused()
    await page.keyboard.press('Shift+ArrowUp')
    await page.keyboard.press('Shift+ArrowUp')
    await expect(board.announcer).toContainText('already at the top')
    await board.settled()
    await page.reload()
    await expect(board.column('Doing').locator('.card__open').first()).toHaveText(title)
  })

  test('with the menu, by keys alone', async ({ visit }) => {
    const page = await visit()
    const board = new Board(page)
    await board.connected()
    const title = fresh('By menu')
    await board.create(title)
    await board.card(title).getByRole('button', { name: 'Move or archive' }).focus()
    await page.keyboard.press('Enter')
    await expect(page.getByRole('menuitem', { name: 'Move up' })).toBeFocused()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await expect(page.getByRole('menuitem', { name: 'Move right to Doing' })).toBeFocused()
    await page.keyboard.press('Enter')
    await expect(board.column('Doing').locator('.card__open').first()).toHaveText(title)
    await expect(board.opener(title)).toBeFocused()
  })

  test('with the pointer, between and within columns; Escape puts it back', async ({ visit }) => {
    const page = await visit()
    const board = new Board(page)
    await board.connected()
    const [first, second, third] = [fresh('Drag 1'), fresh('Drag 2'), fresh('Drag 3')]
    for (const title of [third, second, first]) await board.create(title, 'Doing')

    const drag = async (title: string, x: number, y: number): Promise<void> => {
      const from = (await board.card(title).boundingBox())!
      await page.mouse.move(from.x + 60, from.y + 60)
      await page.mouse.down()
      await page.mouse.move(from.x + 70, from.y + 64)
      await page.mouse.move(x, y, { steps: 6 })
    }
    const below = async (title: string): Promise<[number, number]> => {
      const box = (await board.card(title).boundingBox())!
      return [box.x + 80, box.y + box.height - 6]
    }
    await drag(first, ...(await below(second)))
    await expect(board.pane.locator('.drop-mark')).toBeVisible()
    await page.mouse.up()
    await expect
      .poll(async () => (await board.titles('Doing')).slice(0, 3))
      .toEqual([second, first, third])
    await expect(board.drawer).toHaveCount(0)

    const done = (await board.column('Done').boundingBox())!
    await drag(third, done.x + 100, done.y + 60)
    await page.mouse.up()
    await expect(board.column('Done').locator('.card__open').first()).toHaveText(third)

    await drag(second, done.x + 100, done.y + 60)
    await page.keyboard.press('Escape')
    await page.mouse.up()
    await expect
      .poll(async () => (await board.titles('Doing')).slice(0, 2))
      .toEqual([second, first])
  })

  test('cards that two people put on one place offline can still be sorted', async ({ visit }) => {
    const ann = new Board(await visit())
    const bob = new Board(await visit())
    await ann.connected()
    await bob.connected()
    await ann.setOnline(false)
    await bob.setOnline(false)
    const [hers, his] = [fresh('Hers'), fresh('His')]
    await ann.create(hers, 'Done')
    await bob.create(his, 'Done')
    await ann.setOnline(true)
    await bob.setOnline(true)
    await expect(ann.card(his)).toBeVisible()
    await expect(bob.card(hers)).toBeVisible()
    const order = (await ann.titles('Done')).slice(0, 2)
    expect((await bob.titles('Done')).slice(0, 2)).toEqual(order)

    const late = fresh('Between')
    await ann.create(late, 'Done')
    await ann.opener(late).focus()
    await ann.page.keyboard.press('Shift+ArrowDown')
    const between = [order[0]!, late, order[1]!]
    await expect.poll(async () => (await ann.titles('Done')).slice(0, 3)).toEqual(between)
    await expect.poll(async () => (await bob.titles('Done')).slice(0, 3)).toEqual(between)
  })
})

test.describe('finding', () => {
  test('search looks at titles and notes, filters narrow, the list sorts', async ({ visit }) => {
    const board = new Board(await visit())
    await board.connected()
    const [plain, noted] = [fresh('Haystack'), fresh('Unrelated')]
    await board.create(plain)
    await board.create(noted, 'Done')
    await board.open(noted)
    await board.drawer.getByLabel('Notes').fill(`mentions ${plain}`)
    await board.drawer.getByLabel('Points').selectOption('13')
    await board.page.keyboard.press('Escape')
    await expect(board.drawer).toHaveCount(0)
    await board.search(plain.toUpperCase())
    await expect(board.pane.locator('.card')).toHaveCount(2)

    await board.pane.getByRole('button', { name: 'List', exact: true }).click()
    const rows = board.pane.locator('tbody tr')
    await expect(rows).toHaveCount(2)
    await board.pane.getByRole('button', { name: 'Points' }).click()
    await expect(rows.first()).toContainText(plain)
    await board.pane.getByRole('button', { name: 'Points' }).click()
    await expect(rows.first()).toContainText(noted)
    await expect(board.pane.getByRole('columnheader', { name: 'Points' })).toHaveAttribute(
      'aria-sort',
      'descending',
    )
    await board.pane.getByRole('combobox', { name: 'Status' }).selectOption('Done')
    await expect(rows).toHaveCount(1)
    await board.search('nothing like this')
    await expect(board.pane.getByText('Nothing matches')).toBeVisible()
    await board.pane.getByRole('button', { name: 'Clear search and filter' }).last().click()
    await expect(board.pane.getByLabel('Search titles and notes')).toHaveValue('')
  })

  test('an archived issue leaves the board, waits under its filter, and comes back', async ({
    visit,
  }) => {
    const board = new Board(await visit())
    await board.connected()
    const title = fresh('Put away')
    await board.create(title)
    await board.card(title).getByRole('button', { name: 'Move or archive' }).click()
    await board.page.getByRole('menuitem', { name: 'Archive' }).click()
    await expect(board.card(title)).toHaveCount(0)
    await board.toasts.getByRole('button', { name: 'Undo' }).click()
    await expect(board.card(title)).toBeVisible()

    await board.open(title)
    await board.drawer.getByRole('button', { name: 'Archive' }).click()
    await expect(board.drawer).toContainText('archived')
    await board.page.keyboard.press('Escape')
    await board.pane.getByRole('button', { name: 'Archived', exact: true }).click()
    await expect(board.card(title)).toBeVisible()
    await board.open(title)
    await board.drawer.getByRole('button', { name: 'Restore' }).click()
    await board.pane.getByRole('button', { name: 'Archived', exact: true }).click()
    await expect(board.column('To do')).toContainText(title)
  })
})
