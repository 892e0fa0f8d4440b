/** What every view must be: free of findings by axe, and no wider than its window. */
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect } from './expect.ts'

/** Rules whose answer depends on width and colours; the others need to be asked once. */
export const rulesOfLooks: readonly string[] = [
  'color-contrast',
  'target-size',
  'scrollable-region-focusable',
  'link-in-text-block',
]

export async function expectAccessible(
  page: Page,
  where: string,
  rules?: readonly string[],
): Promise<void> {
  const axe = new AxeBuilder({ page })
  if (rules) axe.withRules([...rules])
  const { violations } = await axe.analyze()
  const found = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join('\n')}`,
  )
  expect(found, `axe on ${where}`).toEqual([])
}

export async function expectNoSidewaysScroll(page: Page, where: string): Promise<void> {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  expect(overflow, `${where} scrolls sideways`).toBe(0)
}
