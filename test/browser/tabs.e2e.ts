/**
 * Two tabs of one browser: one storage, one person, and the browser's own channels and locks between
 * them. Each tab delivers what it wrote; what a tab leaves behind when it ends, another delivers.
 */
import type { Page } from '@playwright/test'
import { Board, fresh } from './board.ts'
import { expect, test } from './fixtures.ts'

/** A tab that does not say goodbye: its process is gone in the middle of whatever it did. */
async function crash(page: Page): Promise<void> {
  const gone = page.waitForEvent('crash')
  const session = await page.context().newCDPSession(page)
  void session.send('Page.crash').catch(() => {}) // no answer comes from there
  await gone
}

const ends: readonly (readonly [how: string, end: (page: Page) => Promise<void>])[] = [
  ['closed', (page) => page.close()],
  ['killed', crash],
]

for (const [how, end] of ends) {
  test(`two tabs see each other's writes while offline; one is ${how}, and the other delivers for it`, async ({
    visit,
  }) => {
    const one = new Board(await visit())
    await one.connected()
    const two = new Board(await visit({ beside: one.page }))
    const bob = new Board(await visit())
    await two.connected()
    await bob.connected()
    expect(await two.name()).toBe(await one.name())
    await one.setOnline(false)
    await two.setOnline(false)

    const [left, own] = [fresh(`Left by one that is ${how}`), fresh('Of the other tab')]
    await one.create(left)
    await expect(two.card(left)).toHaveAttribute('data-state', 'pending')
    await two.create(own)
    await expect(one.card(own)).toHaveAttribute('data-state', 'pending')

    // As long as a tab is there, what it wrote is its own to deliver.
    await two.setOnline(true)
    await expect(two.card(own)).toHaveAttribute('data-state', 'canonical')
    await expect(bob.card(own)).toBeVisible()
    await expect(two.card(left)).toHaveAttribute('data-state', 'pending')
    await expect(bob.card(left)).toHaveCount(0)

    await end(one.page)
    await two.setOnline(false)
    await two.setOnline(true)
    await expect(bob.card(left)).toBeVisible()
    await expect(two.card(left)).toHaveAttribute('data-state', 'canonical')
    await two.settled()
    for (const board of [two, bob]) await expect(board.card(left)).toHaveCount(1)
  })
}
