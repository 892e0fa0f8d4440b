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

/** The connections to the reviewer that a page opens from now on. */
function connectionsOf(page: Page): number[] {
  const atMs: number[] = []
  page.on('websocket', (socket) => {
    if (socket.url().includes('/socket.io/')) atMs.push(performance.now())
  })
  return atMs
}

for (const [how, end] of ends) {
  test(`two tabs have one connection; the one with it is ${how}, and the other has one`, async ({
    visit,
  }) => {
    const one = new Board(await visit())
    const ofOne = connectionsOf(one.page)
    await one.page.reload()
    await one.connected()
    const opened: number[][] = []
    one.page.context().on('page', (page) => opened.push(connectionsOf(page)))
    const two = new Board(await visit({ beside: one.page }))
    await two.connected()
    const bob = new Board(await visit())
    const first = fresh('Through the other tab')
    await two.create(first)
    await expect(bob.card(first)).toBeVisible()
    expect([ofOne.length, opened.map(({ length }) => length)]).toEqual([1, [0]])

    const endedMs = performance.now()
    await end(one.page)
    await expect.poll(() => opened[0]!.length).toBe(1)
    const second = fresh('Over its own')
    await two.create(second)
    await expect(bob.card(second)).toBeVisible()
    await two.settled()
    console.log(`${how}: the other tab connects ${Math.round(opened[0]![0]! - endedMs)} ms later`)
  })
}
