// Owns: how the page is built and served. `demo.ts` adds the address of the reviewer.

import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [react()],
  // Workspace packages are used as sources: nothing is built before the demo runs.
  resolve: {
    conditions: ['@countersign/source', 'module', 'browser', 'development|production'],
    dedupe: ['react', 'react-dom'],
  },
  build: { target: 'es2024' },
})
