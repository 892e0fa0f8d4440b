import type { Page } from '@playwright/test'
import { expectAccessible, expectNoSidewaysScroll, rulesOfLooks } from './accessible.ts'
import { Board, fresh } from './board.ts'
import { type VisitOptions, expect, test } from './fixtures.ts'

type Visit = (options?: VisitOptions) => Promise<Page>

/** Ann and Bob with one issue between them, both away. */
async function apart(
  visit: Visit,
  title: string,
  look: VisitOptions = {},
): Promise<[Board, Board]> {
  const ann = new Board(await visit(look))
  const bob = new Board(await visit())
  await ann.connected()
  await bob.connected()
  await ann.create(title)
  await expect(bob.card(title)).toBeVisible()
  await ann.settled()
  await ann.setOnline(false)
  await bob.setOnline(false)
  return [ann, bob]
}

/** Both come back, Ann first. */
async function meet(ann: Board, bob: Board): Promise<void> {
  await ann.setOnline(true)
  await ann.settled()
  await bob.setOnline(true)
  await bob.settled()
}

/** Gives the issue another title; leaves it open. */
async function rename(board: Board, from: string, to: string): Promise<void> {
  await board.open(from)
  await board.drawer.getByLabel('Title', { exact: true }).fill(to)
}

test.describe('a conflict', () => {
  test('one title, two people: both see it after they meet; one decides, and both are clean', async ({
    visit,
  }) => {
    const title = fresh('Disputed')
    const [ann, bob] = await apart(visit, title)
    const [hers, his] = [`${title}, hers`, `${title}, his`]
    await rename(ann, title, hers)
    await rename(bob, title, his)
    await meet(ann, bob)
    for (const [board, own] of [
      [ann, hers],
      [bob, his],
    ] as const) {
      await expect(board.card(own)).toContainText('conflict')
      await expect(board.drawer).toContainText('Title has several values')
      await expect(board.conflicts.locator('[data-count]')).toBeVisible()
    }

    await bob.drawer.getByRole('button', { name: 'Resolve', exact: true }).click()
    const options = bob.decision.getByRole('group', { name: 'Title' })
    await expect(options).toContainText(hers)
    await expect(options).toContainText(his)
    await expect(options.locator('.option').first()).toContainText(await ann.name())
    await expect(options.locator('.option').first()).toContainText('theirs')
    await expect(options.locator('.option').nth(1)).toContainText('mine')
    await expect(options.locator('.option').nth(2)).toContainText('As it was before')
    await options.getByRole('radio').first().check()
    await bob.decision.getByRole('button', { name: 'Decide' }).click()
    await expect(bob.decision).toHaveCount(0)
    await expect(bob.drawer.getByRole('button', { name: 'Close issue' })).toBeFocused()

    for (const board of [ann, bob]) {
      await expect(board.card(hers)).not.toContainText('conflict')
      await expect(board.drawer).not.toContainText('several values')
      await expect(board.drawer.getByLabel('Title', { exact: true })).toHaveValue(hers)
    }
    await bob.settled()
  })

  test('several fields are decided as one, also by a value of one’s own, and by keys alone', async ({
    visit,
  }) => {
    const title = fresh('By keys')
    const [ann, bob] = await apart(visit, title)
    for (const [board, points, status] of [
      [ann, '3', 'Doing'],
      [bob, '8', 'Done'],
    ] as const) {
      await board.open(title)
      await board.drawer.getByLabel('Points').selectOption(points)
      await board.drawer.getByRole('radio', { name: status }).check()
    }
    await meet(ann, bob)
    await expect(ann.card(title)).toContainText('2 conflicts')
    const { page } = ann
    await ann.conflicts.focus()
    await page.keyboard.press('Enter')
    await expect(page.getByRole('button', { name: new RegExp(title) }).last()).toBeVisible()
    await page.locator('.tray__line', { hasText: title }).press('Enter')
    await expect(ann.decision).toBeVisible()
    const decide = ann.decision.getByRole('button', { name: /^Decide/ })
    await expect(decide).toBeDisabled()

    await ann.decision.getByRole('group', { name: 'Status' }).getByRole('radio').first().focus()
    await page.keyboard.press('Space')
    await page.keyboard.press('ArrowDown')
    const points = ann.decision.getByRole('group', { name: 'Points' })
    await points.getByRole('radio', { name: 'Something else' }).focus()
    await page.keyboard.press('Space')
    await points.getByLabel('Points, something else').selectOption('5')
    await expect(decide).toHaveText('Decide 2 of 2')
    await decide.press('Enter')
    await expect(ann.decision).toHaveCount(0)
    for (const board of [ann, bob]) {
      await expect(board.column('Done')).toContainText(title)
      await expect(board.card(title)).toContainText('5 pt')
      await expect(board.card(title)).not.toContainText('conflict')
    }
  })

  test('another value that the type rejects is not written, and shows the reason', async ({
    visit,
  }) => {
    const title = fresh('Must have a title')
    const [ann, bob] = await apart(visit, title)
    await rename(ann, title, `${title} A`)
    await rename(bob, title, `${title} B`)
    await meet(ann, bob)
    await expect(ann.card(`${title} A`)).toContainText('conflict')
    await ann
      .card(`${title} A`)
      .getByRole('button', { name: /conflict/ })
      .click()
    await ann.decision.getByRole('radio', { name: 'Something else' }).check()
    await ann.decision.getByLabel('Title, something else').fill(' ')
    await ann.decision.getByRole('button', { name: 'Decide' }).click()
    await expect(ann.decision).toContainText('Not decided: an issue needs a title')
    await ann.page.keyboard.press('Escape')
    await expect(ann.card(`${title} A`)).toContainText('conflict')
  })

  test('archived by one and changed by another: a person decides whether it stays', async ({
    visit,
  }) => {
    const title = fresh('Away or not')
    const [ann, bob] = await apart(visit, title)
    await ann.archive(title)
    await bob.open(title)
    await bob.drawer.getByLabel('Points').selectOption('13')
    await meet(ann, bob)
    await expect(ann.card(title)).toContainText('conflict')
    await expect(bob.drawer).toContainText('archived it while another changed it')
    await ann
      .card(title)
      .getByRole('button', { name: /conflict/ })
      .click()
    const options = ann.decision.getByRole('group', { name: 'Archive it, or keep it?' })
    await expect(options.locator('.option')).toHaveText([/Archived/, /On the board/])
    await options.getByRole('radio').first().check()
    await ann.decision.getByRole('button', { name: 'Decide' }).click()
    await expect(ann.card(title)).toHaveCount(0)
    await expect(bob.drawer.locator('.badge')).toHaveText('archived')
  })

  test('one card that two people moved within its column is no conflict', async ({ visit }) => {
    const title = fresh('Moved twice')
    const [ann, bob] = await apart(visit, title)
    await ann.opener(title).press('Shift+ArrowDown')
    for (let step = 0; step < 2; step++) await bob.opener(title).press('Shift+ArrowDown')
    await meet(ann, bob)
    await expect.poll(() => ann.titles('To do')).toEqual(await bob.titles('To do'))
    for (const board of [ann, bob]) await expect(board.card(title)).not.toContainText('conflict')
  })
})

test('two people who decide at once: one wins, and the other gets the value and keeps their change', async ({
  visit,
}) => {
  const title = fresh('Raced')
  const [ann, bob] = await apart(visit, title)
  await rename(ann, title, `${title} A`)
  await rename(bob, title, `${title} B`)
  await meet(ann, bob)
  await expect(ann.drawer).toContainText('several values')
  await expect(bob.drawer).toContainText('several values')

  for (const [board, value] of [
    [ann, `${title} by her`],
    [bob, `${title} by him`],
  ] as const) {
    await board.setOnline(false)
    await board.drawer.getByRole('button', { name: 'Resolve', exact: true }).click()
    await board.decision.getByRole('radio', { name: 'Something else' }).check()
    await board.decision.getByLabel('Title, something else').fill(value)
    await board.decision.getByRole('button', { name: 'Decide' }).click()
    await expect(board.card(value)).not.toContainText('conflict')
  }
  await meet(ann, bob)
  const winner = `${await ann.name()} decided first: Title is “${title} by her”.`
  await expect(bob.toasts.filter({ hasText: winner })).toBeVisible()
  await expect(ann.toasts).toHaveCount(0)
  for (const board of [ann, bob]) {
    await expect(board.card(`${title} by her`)).not.toContainText('conflict')
  }
  await bob.rejected.click()
  const tray = bob.page.getByRole('dialog', { name: 'Rejected changes' })
  await expect(tray).toContainText(`Decide in “${title} by her”: Title is “${title} by him”`)
  await expect(tray).toContainText(winner)

  // To insist is one press, and knows now what it replaces.
  await tray.getByRole('button', { name: 'Retry' }).click()
  await bob.settled()
  for (const board of [ann, bob]) {
    await expect(board.card(`${title} by him`)).not.toContainText('conflict')
  }
})

for (const look of [
  { width: 1280, dark: false },
  { width: 400, dark: true },
]) {
  test(`deciding is accessible and fits: ${look.width} wide`, async ({ visit }) => {
    const title = fresh('Looked at')
    const [ann, bob] = await apart(visit, title, look)
    for (const [board, words] of [
      [ann, 'A'],
      [bob, 'B'],
    ] as const) {
      await rename(board, title, `${title} ${words}`)
      await board.drawer.getByLabel('Points').selectOption(words === 'A' ? '1' : '2')
      await board.drawer.getByLabel('Notes').fill(`Said at length by ${words}. `.repeat(20))
    }
    await meet(ann, bob)
    await expect(ann.drawer).toContainText('have several values')
    await expectAccessible(ann.page, 'an issue in conflict', look.dark ? rulesOfLooks : undefined)
    await ann.drawer.getByRole('button', { name: 'Resolve', exact: true }).click()
    for (const own of await ann.decision.getByRole('radio', { name: 'Something else' }).all())
      await own.check()
    await expectAccessible(ann.page, 'the decision', look.dark ? rulesOfLooks : undefined)
    await expectNoSidewaysScroll(ann.page, 'the decision')
    await ann.page.keyboard.press('Escape')
    await expect(ann.drawer.getByRole('button', { name: 'Resolve', exact: true })).toBeFocused()
    await ann.page.keyboard.press('Escape')
    await expect(ann.drawer).toHaveCount(0)
    await expectAccessible(ann.page, 'cards in conflict', look.dark ? rulesOfLooks : undefined)
    await ann.conflicts.click()
    await expectAccessible(ann.page, 'the list of conflicts', look.dark ? rulesOfLooks : undefined)
  })
}
