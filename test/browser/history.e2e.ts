import { expectAccessible } from './accessible.ts'
import { Board, fresh } from './board.ts'
import { expect, test } from './fixtures.ts'

test('the history has each change with author, time and verdict; it needs the reviewer', async ({
  visit,
}) => {
  const ann = new Board(await visit())
  const bob = new Board(await visit())
  const title = fresh('Remembered')
  await ann.connected()
  await ann.create(title)
  await expect(bob.card(title)).toBeVisible()
  await bob.open(title)
  await bob.drawer.getByLabel('Points').selectOption('5')
  await bob.drawer.getByLabel('Notes').pressSequentially('As typed')
  await bob.drawer.getByRole('button', { name: 'Archive' }).click()
  await expect(bob.rejected).toHaveAccessibleName('Rejected: 1')

  await bob.drawer.getByRole('button', { name: 'History' }).click()
  const history = bob.page.getByRole('dialog', { name: 'History' })
  const lines = history.getByRole('listitem')
  await expect(lines).toHaveText([
    /^..you.*Archived it.*Refused\. Only the author of an issue may archive it\./,
    /^..you.*Changed Notes to “As typed” \(typed in 8 steps\).*Reviewed by/,
    /^..you.*Changed Points to 5.*Reviewed by/,
    new RegExp(`${await ann.name()}.*Created it.*Reviewed by`),
  ])
  await expectAccessible(bob.page, 'the history')

  // It is told anew when the issue changes.
  await ann.opener(title).press('Shift+ArrowRight')
  await expect(lines.filter({ hasText: 'Moved it to Doing' })).toContainText(await ann.name())
  await bob.page.keyboard.press('Escape')
  await expect(history).toBeHidden()
  await expect(bob.drawer.getByRole('button', { name: 'History' })).toBeFocused()

  await bob.setOnline(false)
  await bob.drawer.getByRole('button', { name: 'History' }).click()
  await expect(history).toContainText('cannot be reached right now')
})
