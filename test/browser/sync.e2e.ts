import { Board, fresh } from './board.ts'
import { expect, test } from './fixtures.ts'

test.describe('two people', () => {
  test('what one writes appears at the other, with its author and its reviewer', async ({
    visit,
  }) => {
    const ann = new Board(await visit())
    const bob = new Board(await visit())
    const title = fresh('Seen by both')
    await ann.connected()
    await bob.connected()
    await ann.create(title)
    await expect(ann.card(title)).toContainText('you')
    await expect(bob.card(title)).toContainText(await ann.name())

    await bob.open(title)
    await bob.drawer.getByLabel('Points').selectOption('5')
    await expect(ann.card(title)).toContainText('5 pt')
    await expect(ann.card(title)).toContainText(await bob.name())
    await expect(ann.card(title)).toHaveAttribute('data-state', 'canonical')
    await expect(ann.card(title).locator('.number')).toHaveText(/^#\d+$/)
  })

  test('edits made offline survive a reload while offline, and meet afterwards', async ({
    visit,
  }) => {
    const ann = new Board(await visit())
    const bob = new Board(await visit())
    const title = fresh('Edited apart')
    await ann.connected()
    await ann.create(title)
    await expect(bob.card(title)).toBeVisible()
    await ann.settled()

    await ann.setOnline(false)
    await bob.setOnline(false)
    await ann.open(title)
    await ann.drawer.getByLabel('Points').selectOption('8')
    await bob.open(title)
    await bob.drawer.getByLabel('Assignee').selectOption('Chiara')
    await expect(ann.card(title)).toContainText('pending')
    await expect(ann.card(title)).not.toContainText('Chiara')

    // Only what reached the disk survives a reload.
    for (const board of [ann, bob]) {
      await expect(board.outbox).toHaveAttribute('data-count', '1')
      await board.page.waitForTimeout(300)
      await board.page.reload()
      await expect(board.status.getByText('Offline')).toBeVisible()
      await expect(board.outbox).toHaveAttribute('data-count', '1')
    }
    await expect(ann.card(title)).toContainText('8 pt')
    await expect(ann.card(title)).toContainText('pending')
    await expect(bob.card(title)).toContainText('Chiara')

    await ann.setOnline(true)
    await bob.setOnline(true)
    for (const board of [ann, bob]) {
      await board.settled()
      await expect(board.card(title)).toContainText('8 pt')
      await expect(board.card(title)).toContainText('Chiara')
      await expect(board.card(title)).not.toContainText('conflict')
    }
  })

  test('different values for one field are both kept, and the field shows that', async ({
    visit,
  }) => {
    const ann = new Board(await visit())
    const bob = new Board(await visit())
    const title = fresh('Points in dispute')
    await ann.connected()
    await ann.create(title)
    await expect(bob.card(title)).toBeVisible()
    await ann.settled()
    await ann.setOnline(false)
    await bob.setOnline(false)
    await ann.open(title)
    await ann.drawer.getByLabel('Points').selectOption('2')
    await bob.open(title)
    await bob.drawer.getByLabel('Points').selectOption('13')
    await ann.setOnline(true)
    await ann.settled()
    await bob.setOnline(true)
    for (const board of [ann, bob]) {
      await expect(board.card(title)).toContainText('conflict')
      await expect(board.drawer).toContainText('conflict')
    }
  })
})

test.describe('a second person beside me', () => {
  test('has a store, a switch and a name of their own, and is gone when closed', async ({
    visit,
  }) => {
    const page = await visit()
    const me = new Board(page)
    await me.connected()
    await page.getByRole('button', { name: 'Second person', exact: true }).click()
    const other = new Board(page, 'second')
    await other.connected()
    const name = await other.name()
    expect(name).not.toBe(await me.name())

    const title = fresh('Side by side')
    await me.create(title)
    await expect(other.pane.getByRole('button', { name: title, exact: true })).toBeVisible()

    await other.setOnline(false)
    await other.open(title)
    await other.drawer.getByLabel('Points').selectOption('3')
    await expect(other.card(title)).toContainText('3 pt')
    await expect(me.status.getByText('Connected')).toBeVisible()
    await expect(me.card(title)).not.toContainText('3 pt')
    await other.setOnline(true)
    await expect(me.card(title)).toContainText('3 pt')
    await expect(me.card(title)).toContainText(name)

    await page.getByRole('button', { name: 'Close second person' }).click()
    await expect(other.pane).toHaveCount(0)
    await me.create(fresh('Alone again'))
    await me.settled()

    // The person is still the same one when they come back.
    await page.getByRole('button', { name: 'Second person', exact: true }).click()
    await other.connected()
    expect(await other.name()).toBe(name)
  })
})

test.describe('a reviewer that dies', () => {
  test('work goes on, survives a reload, and is reviewed when it is back', async ({
    visit,
    startDemo,
    expectedErrors,
  }) => {
    // The browser itself reports a socket that cannot be opened.
    expectedErrors.push(/WebSocket|ERR_CONNECTION|Failed to load resource/)
    const demo = await startDemo()
    const board = new Board(await visit({ url: demo.url }))
    await board.connected()
    await demo.say('kill')
    await expect(board.status.getByText('Connected')).toHaveCount(0)

    const title = fresh('Written without a reviewer')
    await board.create(title)
    await expect(board.outbox).toHaveAttribute('data-count', '1')
    await board.page.waitForTimeout(300)
    await board.page.reload()
    await expect(board.card(title)).toContainText('pending')
    await expect(board.card(title)).toContainText('you')
    await expect(board.outbox).toHaveAttribute('data-count', '1')

    await demo.say('start')
    await board.settled()
    await expect(board.card(title)).toHaveAttribute('data-state', 'canonical')
  })
})
