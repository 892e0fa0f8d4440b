// Owns: the second run of packages/react's jsdom tests, with React 18. Same test files; only
// react, react-dom and what imports them are taken from this package.

import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { defineConfig } from 'vitest/config'

const require = createRequire(import.meta.url)
const source = '@countersign/source'
const mode = 'development|production'

// Aliases to folders, not names: deduping by name let copies of React 19 slip in.
const own = [
  'react',
  'react-dom',
  '@testing-library/react',
  '@testing-library/dom',
  'use-sync-external-store',
]
const alias = own.map((name) => ({
  find: new RegExp(`^${name}(?=/|$)`),
  replacement: dirname(require.resolve(`${name}/package.json`)),
}))

export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  resolve: { alias, conditions: [source, 'module', 'browser', mode] },
  ssr: { resolve: { conditions: [source, 'module', 'node', mode] } },
  test: {
    name: 'react18',
    environment: 'jsdom',
    include: ['packages/react/**/*.dom.test.{ts,tsx}'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    passWithNoTests: true,
    env: { REACT_MAJOR: '18' },
    // What imports React must pass through the aliases, so it may not stay external.
    server: { deps: { inline: [/zustand/, /use-sync-external-store/, /@testing-library/] } },
  },
})
