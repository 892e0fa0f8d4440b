/**
 * The space stores in memory and in SQLite under the contract, and both through the same random
 * calls, one read after the other compared.
 */
import { join } from 'node:path'
import { memorySpaces } from '@countersign/core/ports'
import { sqliteSpaces } from '@countersign/reviewer'
import { freshFolder } from './fresh-folders.ts'
import { spaceStoreContract } from './space-store.ts'

spaceStoreContract('memory', () => ({ open: memorySpaces }), { durable: false })

spaceStoreContract(
  'SQLite, a file a space',
  () => {
    const folder = freshFolder()
    return { open: () => sqliteSpaces(join(folder, 'data')) }
  },
  { durable: true },
)

spaceStoreContract(
  'SQLite, two files open at most',
  () => {
    const folder = freshFolder()
    return { open: () => sqliteSpaces(folder, { openFilesMax: 2 }) }
  },
  { durable: true },
)
