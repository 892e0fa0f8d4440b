/** Writes the test vectors: `npx pnpm vectors`. */
import { writeFileSync } from 'node:fs'
import { batchVectors } from './batches.ts'
import { flushVectors } from './flushes.ts'

const files = { 'flushes.json': flushVectors(), 'batches.json': batchVectors() }

for (const [name, vectors] of Object.entries(files))
  writeFileSync(new URL(name, import.meta.url), `${JSON.stringify(vectors, null, 2)}\n`)
