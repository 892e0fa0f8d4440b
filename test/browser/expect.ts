/** Playwright's `expect` with patience for a machine that does other things as well. */
import { expect as impatient } from '@playwright/test'

export const expect = impatient.configure({ timeout: 20_000 })
