/**
 * Persons with a login on the board: one on several devices, two in one browser, somebody who signs in
 * after writing, and a new name. The rule of the demo that knows persons: only the author of an issue
 * may archive it.
 */
import type { Page } from '@playwright/test'
import { expectAccessible, expectNoSidewaysScroll } from './accessible.ts'
import { Board, fresh } from './board.ts'
import { expect, test } from './fixtures.ts'

async function who(board: Board): Promise<void> {
  await board.pane.locator('[data-part="myself"]').click()
  await expect(sheet(board)).toBeVisible()
}

function sheet(board: Board) {
  return board.page.getByRole('dialog', { name: 'Who you are' })
}

async function signIn(board: Board, name: string, takes = true): Promise<void> {
  await who(board)
  const take = sheet(board).getByLabel('Take my changes along')
  if (!takes) await take.uncheck()
  await sheet(board).getByRole('button', { name, exact: true }).click()
  await expect(board.pane.locator('[data-part="person"]')).toHaveText(name)
  await board.connected()
}

async function signOut(board: Board): Promise<void> {
  await who(board)
  await sheet(board).getByRole('button', { name: 'Sign out' }).click()
}

/** The author id that others see. */
async function authorId(board: Board): Promise<string> {
  const title = await board.pane.getByTitle(/^Others see /).getAttribute('title')
  return /\(([0-9a-f-]{36})\)/.exec(title ?? '')?.[1] ?? ''
}

/** What the page sends to the reviewer. */
function sentBy(page: Page): string[] {
  const sent: string[] = []
  page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => void sent.push(String(payload))),
  )
  return sent
}

/** Deletes what the page has stored, as a browser does after some weeks; whoever is signed in stays so. */
async function deleteDatabases(page: Page, origin: string): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' })
}

test('one person in two browsers may, another may not; and may still when the browser has forgotten everything', async ({
  visit,
  expectedErrors,
}) => {
  expectedErrors.push(/^Countersign: the browser has emptied the storage of this device/)
  expectedErrors.push(/^Countersign: unsent messages \(1\) are on this device alone/)
  const [laptop, phone, other] = [
    new Board(await visit()),
    new Board(await visit()),
    new Board(await visit()),
  ]
  await signIn(laptop, 'Ann')
  await signIn(phone, 'Ann')
  await signIn(other, 'Bob')
  const titles = ['laptop', 'phone', 'other', 'later'].map((words) => fresh(words))
  for (const title of titles) await laptop.create(title)
  await laptop.settled()
  const [ofLaptop = '', ofPhone = '', ofOther = '', later = ''] = titles
  const names = [await authorId(laptop), await authorId(phone), await authorId(other)]
  expect(new Set(names).size).toBe(3)

  await laptop.archive(ofLaptop)
  await expect(other.card(ofLaptop)).toBeHidden()
  await phone.archive(ofPhone)
  await expect(other.card(ofPhone)).toBeHidden()
  await expect(phone.rejected).toHaveAccessibleName('Rejected')
  await other.archive(ofOther)
  await expect(other.rejected).toHaveAccessibleName('Rejected: 1')
  await expect(other.card(ofOther)).toBeVisible()

  // On the phone her issues are hers, and for the other they are somebody's.
  await phone.open(later)
  await expect(phone.drawer).toContainText('you')
  await other.open(later)
  await expect(other.drawer).not.toContainText('you')

  const { page } = phone
  const url = page.url()
  await page.goto('about:blank')
  await deleteDatabases(page, new URL(url).origin)
  await page.goto(url)
  await expect(phone.pane.locator('[data-part="person"]')).toHaveText('Ann')
  await phone.connected()
  expect(names).not.toContain(await authorId(phone))
  await phone.archive(later)
  await expect(other.card(later)).toBeHidden()
  await expect(phone.rejected).toHaveAccessibleName('Rejected')
})

test('two persons in one browser: another key and outbox, and nothing of the first is sent or shown', async ({
  visit,
}) => {
  const page = await visit()
  const board = new Board(page)
  await signIn(board, 'Ann')
  const ann = await authorId(board)
  await board.setOnline(false)
  const secret = fresh('unsent of Ann')
  await board.create(secret)
  await signOut(board)
  const dialog = page.getByRole('dialog', { name: 'Unsent changes' })
  await expect(dialog.locator('[data-part="unsent"]')).toContainText(`Create “${secret}”`)
  await dialog.getByRole('button', { name: 'Stay signed in' }).click()
  await expect(board.card(secret)).toBeVisible()
  await signOut(board)
  await dialog.getByRole('button', { name: 'Keep here for Ann' }).click()
  await expect(board.pane.locator('[data-part="person"]')).toBeHidden()
  await expect(board.card(secret)).toBeHidden()

  const sent = sentBy(page)
  await board.setOnline(true)
  await board.connected()
  await signIn(board, 'Bob', false)
  expect(await authorId(board)).not.toBe(ann)
  const own = fresh('of Bob')
  await board.create(own)
  await board.settled()
  await expect(board.card(secret)).toBeHidden()
  expect(sent.some((text) => text.includes(own))).toBe(true)
  for (const of of [secret, ann]) expect(sent.filter((text) => text.includes(of))).toEqual([])

  // All of Bob's is sent, so it needs no question; and hers is here, and goes out as hers.
  await signOut(board)
  await expect(board.pane.locator('[data-part="person"]')).toBeHidden()
  await signIn(board, 'Ann', false)
  expect(await authorId(board)).toBe(ann)
  await expect(board.card(secret)).toBeVisible()
  await board.settled()
  const other = new Board(await visit())
  await other.connected()
  await expect(other.card(secret)).toBeVisible()
})

test('changes from before the login are taken along, and a new name is not linked to the person', async ({
  visit,
}) => {
  const board = new Board(await visit())
  const other = new Board(await visit())
  await board.connected()
  const [before, after] = [fresh('before'), fresh('after')]
  await board.create(before)
  await board.settled()
  const anonymous = await authorId(board)
  await signIn(board, 'Cyd')
  await expect(board.card(before)).toBeVisible()
  await board.open(before)
  await expect(board.drawer).toContainText('you')
  const signed = await authorId(board)
  await who(board)
  await expect(sheet(board).locator('[data-part="aliases"]')).toBeVisible()
  await sheet(board).getByRole('button', { name: 'New name' }).click()
  await expect.poll(() => authorId(board)).not.toBe(signed)
  await board.page.keyboard.press('Escape')
  await board.create(after)
  await board.settled()
  expect(new Set([anonymous, signed, await authorId(board)]).size).toBe(3)
  await other.connected()
  await other.open(after)
  await expect(other.drawer).not.toContainText('you')
  await board.archive(before)
  await expect(other.card(before)).toBeHidden()
})

test('who signs out is signed out in the other tab', async ({ visit }) => {
  const page = await visit()
  const board = new Board(page)
  await signIn(board, 'Ann')
  const tab = new Board(await visit({ beside: page }))
  await expect(tab.pane.locator('[data-part="person"]')).toHaveText('Ann')
  await tab.connected()
  await signOut(board)
  await expect(board.pane.locator('[data-part="person"]')).toBeHidden()
  await expect(tab.pane.locator('[data-part="person"]')).toBeHidden()
  await tab.connected()
})

test('why the reviewer accepts nothing from a person is on the page, wide and narrow, until it does', async ({
  visit,
  expectedErrors,
}) => {
  expectedErrors.push(/^Countersign: /)
  const page = await visit()
  const board = new Board(page)
  await board.connected()
  await page.route('**/login/*', (route) => route.fulfill({ body: 'no token' }))
  await who(board)
  await sheet(board).getByRole('button', { name: 'Ann', exact: true }).click()
  const why = page.getByRole('alert').filter({ hasText: 'accepts nothing from you' })
  await expect(why).toContainText('What you write stays on this device')
  await expect(why).toContainText(/now: \S.*\. What/)
  await page.keyboard.press('Escape')
  for (const width of [1280, 400]) {
    await page.setViewportSize({ width, height: 800 })
    await expect(why).toBeInViewport({ ratio: 1 })
    await expectNoSidewaysScroll(page, `refused, ${width} wide`)
    await expectAccessible(page, `refused, ${width} wide`)
  }
  await page.unroute('**/login/*')
  await page.reload()
  await board.connected()
  await expect(why).toHaveCount(0)
})
