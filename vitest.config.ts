// Owns: which test runs where. `x.test.ts` in Node, `x.dom.test.tsx` in jsdom, and
// `x.browser.test.ts(x)` in a real Chromium. Workspace packages resolve to their sources.

import { playwright } from '@vitest/browser-playwright'
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { findBrowser } from './test/scripts/browser.ts'
import { WAIT_MS } from './test/scripts/wait.ts'

const source = '@countersign/source'
const mode = 'development|production'
const never = ['**/node_modules/**', '**/dist/**', 'test/react18/**']

const resolve: ViteUserConfig['resolve'] = {
  conditions: [source, 'module', 'browser', mode],
}

const nodeOnly: ViteUserConfig = {
  resolve: { conditions: [source, 'module', 'node', mode] },
  ssr: { resolve: { conditions: [source, 'module', 'node', mode], externalConditions: [source] } },
}

// A busy machine takes ten times as long; a test that waits for ever is found all the same.
const patience = {
  testTimeout: 60_000,
  hookTimeout: 60_000,
  expect: { poll: { timeout: WAIT_MS } },
  setupFiles: ['test/scripts/patience.ts'],
}

export default defineConfig({
  test: {
    passWithNoTests: true,
    projects: [
      {
        ...nodeOnly,
        test: {
          name: 'node',
          ...patience,
          environment: 'node',
          include: ['**/*.test.ts'],
          exclude: [...never, '**/*.dom.test.ts', '**/*.browser.test.ts'],
        },
      },
      {
        resolve,
        ssr: { resolve: { conditions: [source, 'module', 'node', mode] } },
        test: {
          name: 'dom',
          ...patience,
          setupFiles: [...patience.setupFiles, 'test/scripts/patience.dom.ts'],
          environment: 'jsdom',
          include: ['**/*.dom.test.{ts,tsx}'],
          exclude: never,
        },
      },
      {
        resolve,
        // Found late, a dependency is bundled anew and the page reloads in the middle of a test.
        optimizeDeps: { entries: ['{packages,test}/**/*.browser.test.{ts,tsx}'] },
        test: {
          name: 'browser',
          ...patience,
          include: ['**/*.browser.test.{ts,tsx}'],
          exclude: never,
          browser: {
            enabled: true,
            headless: true,
            // Without a browser this project fails with playwright's own message; the `test`
            // script makes sure there is one.
            provider: playwright({ launchOptions: findBrowser() ?? {} }),
            instances: [{ browser: 'chromium' }],
            screenshotFailures: false,
          },
        },
      },
    ],
  },
})
