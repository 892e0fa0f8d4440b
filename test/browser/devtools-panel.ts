/** The devtools panel as somebody works with it: its button, its views, and what is in their lists. */
import type { Locator, Page } from '@playwright/test'
import { expect } from './expect.ts'

export const VIEWS = [
  'Outbox',
  'Timeline',
  'Entity',
  'Row',
  'Sync',
  'Queries',
  'Storage',
  'Faults',
] as const

export type ViewName = (typeof VIEWS)[number]

export class Panel {
  readonly page: Page
  readonly element: Locator

  constructor(page: Page) {
    this.page = page
    this.element = page.locator('.panel')
  }

  get opener(): Locator {
    return this.page.getByRole('button', { name: 'Countersign devtools' })
  }

  /** What is chosen in the list beside it. */
  get detail(): Locator {
    return this.element.locator('.detail')
  }

  get rows(): Locator {
    return this.element.locator('.list__row')
  }

  /** What it says in its foot after somebody did something. */
  get said(): Locator {
    return this.element.locator('.foot')
  }

  async open(): Promise<void> {
    await this.opener.click()
    await expect(this.element).toBeVisible()
  }

  async close(): Promise<void> {
    await this.button('Close devtools').click()
    await expect(this.element).toHaveCount(0)
  }

  async view(name: ViewName): Promise<void> {
    await this.element.getByRole('tab', { name }).click()
    await expect(this.element.getByRole('tab', { name })).toHaveAttribute('aria-selected', 'true')
  }

  button(name: string | RegExp): Locator {
    return this.element.getByRole('button', { name })
  }

  /** Own messages of that kind, e.g. those that were refused. */
  async outbox(which: 'Open' | 'Refused' | 'Accepted' | 'All'): Promise<void> {
    await this.view('Outbox')
    await this.button(new RegExp(`^${which}`)).click()
  }

  /** A switch of a fault, by what is failing: the network or the storage. */
  fault(port: 'Network' | 'Storage', name: string): Locator {
    const group = this.element.getByRole('group', { name: new RegExp(`^${port}`) })
    return group.getByLabel(name)
  }

  /** Looks for a row by its title, and chooses it. */
  async find(title: string): Promise<void> {
    await this.view('Entity')
    await this.element.getByLabel('Find a row').fill(title)
    await this.rows.filter({ hasText: title }).first().click()
    await expect(this.detail).toContainText('Heads')
  }
}
