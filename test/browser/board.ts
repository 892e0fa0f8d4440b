/** The board as a person works on it: what they see and press, by its name on screen. */
import type { Locator, Page } from '@playwright/test'
import { expect } from './expect.ts'

export type Column = 'To do' | 'Doing' | 'Done'

/** One pane of a page: a person with a store of their own. */
export class Board {
  readonly page: Page
  readonly pane: Locator

  constructor(page: Page, seat: 'first' | 'second' = 'first') {
    this.page = page
    this.pane = page.locator(`[data-seat="${seat}"]`)
  }

  get status(): Locator {
    return this.pane.getByLabel('Sync status')
  }

  get outbox(): Locator {
    return this.pane.locator('[data-part="outbox"]')
  }

  /** The button about peers; its `data-count` is on the face. */
  get peers(): Locator {
    return this.pane.locator('[data-part="peers"]')
  }

  get drawer(): Locator {
    return this.pane.getByRole('complementary')
  }

  get announcer(): Locator {
    return this.pane.locator('[data-announcer]')
  }

  /** The button that lists what was refused. */
  get rejected(): Locator {
    return this.pane.getByRole('button', { name: /^Rejected/ })
  }

  /** The button that lists what is in conflict. */
  get conflicts(): Locator {
    return this.pane.getByRole('button', { name: /^Conflicts/ })
  }

  /** The dialog in which conflicts are decided. */
  get decision(): Locator {
    return this.page.getByRole('dialog', { name: /^Conflicts in/ })
  }

  get toasts(): Locator {
    return this.pane.locator('.toast')
  }

  column(name: Column): Locator {
    return this.pane.getByRole('group', { name, exact: true })
  }

  card(title: string): Locator {
    return this.pane.locator('.card', { has: this.opener(title) })
  }

  /** The title of an issue, which opens it: on its card or in its row. */
  opener(title: string): Locator {
    return this.page.getByRole('button', { name: title, exact: true })
  }

  async titles(column: Column): Promise<string[]> {
    return this.column(column).locator('.card__open').allTextContents()
  }

  /** The name that others see. */
  async name(): Promise<string> {
    const myself = this.pane.locator('[data-part="myself"]')
    return myself.evaluate((element) => element.lastChild?.textContent ?? '')
  }

  async connected(): Promise<void> {
    await expect(this.status.getByText('Connected')).toBeVisible({ timeout: 20_000 })
  }

  async create(title: string, column: Column = 'To do'): Promise<void> {
    await this.pane.getByRole('button', { name: `New issue in ${column}` }).click()
    const dialog = this.page.getByRole('dialog', { name: 'New issue' })
    await dialog.getByLabel('Title').fill(title)
    await dialog.getByRole('button', { name: 'Create issue' }).click()
    await expect(this.card(title)).toBeVisible()
  }

  async open(title: string): Promise<void> {
    await this.pane.locator('.card__open, .table__open').filter({ hasText: title }).first().click()
    await expect(this.drawer).toBeVisible()
  }

  /** By the menu of its card. The reviewer may say no. */
  async archive(title: string): Promise<void> {
    await this.card(title).getByRole('button', { name: 'Move or archive' }).click()
    await this.page.getByRole('menuitem', { name: 'Archive' }).click()
  }

  /** The epoch in which a peer reviews; undefined: none does. */
  async epoch(): Promise<number | undefined> {
    const text = await this.peers.getAttribute('data-epoch')
    return text === null ? undefined : Number(text)
  }

  async setOnline(online: boolean): Promise<void> {
    const toggle = this.status.getByRole('switch', { name: 'Online' })
    if ((await toggle.getAttribute('aria-checked')) !== String(online)) await toggle.click()
    if (!online) await expect(this.status.getByText('Offline')).toBeVisible()
  }

  /** Everything written here has a verdict. */
  async settled(): Promise<void> {
    await expect(this.outbox).toHaveAttribute('data-count', '0')
  }

  async search(text: string): Promise<void> {
    await this.pane.getByLabel('Search titles and notes').fill(text)
  }
}

let count = 0

/** A title that no other issue has, also when a test is run again on the same board. */
export function fresh(words: string): string {
  count += 1
  return `${words} ${Date.now().toString(36)}${count}`
}
