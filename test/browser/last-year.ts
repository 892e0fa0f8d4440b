/** Last year's app as a person works with it: what they see and press, by its name on screen. */
import type { Locator, Page } from '@playwright/test'
import { expect } from './expect.ts'

/** Where it is, of the demo at that address. */
export const lastYearUrl = (demoUrl: string): string => new URL('last-year.html', demoUrl).href

export class LastYear {
  readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  get status(): Locator {
    return this.page.getByLabel('Sync status')
  }

  line(title: string): Locator {
    return this.page.locator('.line', { has: this.opener(title) })
  }

  tick(title: string): Locator {
    return this.page.getByRole('checkbox', { name: `Done: ${title}`, exact: true })
  }

  opener(title: string): Locator {
    return this.page.getByRole('button', { name: title, exact: true })
  }

  section(name: 'Open' | 'Done'): Locator {
    return this.page.getByRole('region', { name: new RegExp(`^${name}`) })
  }

  async connected(): Promise<void> {
    await expect(this.status.getByText('Connected')).toBeVisible()
  }

  async add(title: string): Promise<void> {
    await this.page.getByLabel('New issue').fill(title)
    await this.page.getByLabel('New issue').press('Enter')
    await expect(this.line(title)).toBeVisible()
  }

  async setOnline(online: boolean): Promise<void> {
    const toggle = this.status.getByRole('switch', { name: 'Online' })
    if ((await toggle.getAttribute('aria-checked')) !== String(online)) await toggle.click()
    if (!online) await expect(this.status.getByText('Offline')).toBeVisible()
  }

  /** Everything written here has a verdict. */
  async settled(): Promise<void> {
    await expect(this.page.locator('[data-part="outbox"]')).toHaveAttribute('data-count', '0')
  }
}
