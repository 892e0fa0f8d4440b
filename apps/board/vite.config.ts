// Builds and serves the pages. `demo.ts` adds the address of the reviewer.

import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// The current app, and last year's, which is still in use.
const pages = ['index.html', 'last-year.html']

export default defineConfig({
  plugins: [react()],
  // Uses the sources of workspace packages, so that the demo needs no build.
  resolve: {
    conditions: ['@countersign/source', 'module', 'browser', 'development|production'],
    dedupe: ['react', 'react-dom'],
  },
  build: {
    target: 'es2024',
    rolldownOptions: {
      input: pages.map((page) => fileURLToPath(new URL(page, import.meta.url))),
    },
  },
})
