/** Writes the test vectors: `npx pnpm vectors`. */
import { writeFileSync } from 'node:fs'
import { batchVectors } from './batches.ts'
import { exchangeVectors } from './exchange.ts'
import { flushVectors } from './flushes.ts'

const files = {
  'flushes.json': flushVectors(),
  'batches.json': batchVectors(),
  'exchange.json': await exchangeVectors(),
}

for (const [name, vectors] of Object.entries(files))
  writeFileSync(new URL(name, import.meta.url), `${JSON.stringify(vectors, null, 2)}\n`)
