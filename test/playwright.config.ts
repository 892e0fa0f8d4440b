// Owns: how the end-to-end tests (test/browser/*.e2e.ts) start their browser. The demo they drive
// is started by `webServer`, or by the tests themselves.

import { defineConfig } from '@playwright/test'
import { findBrowser } from './scripts/browser.ts'

export default defineConfig({
  testDir: './browser',
  testMatch: '**/*.e2e.ts',
  outputDir: '../test-results',
  forbidOnly: true,
  fullyParallel: false,
  workers: 1,
  timeout: 120_000,
  // Real pages, a real reviewer, a shared machine: on CI one slow moment must not decide.
  retries: process.env['CI'] ? 2 : 0,
  reporter: 'list',
  use: {
    headless: true,
    launchOptions: findBrowser() ?? {},
    trace: 'retain-on-failure',
  },
})
