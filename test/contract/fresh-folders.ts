/** Folders for the databases of tests, removed after each test. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'

/** In memory where the machine has such a place: what a test checks does not depend on the disk. */
const root = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

const folders: string[] = []

export function freshFolder(): string {
  const folder = mkdtempSync(join(root, 'countersign-spaces-'))
  folders.push(folder)
  return folder
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})
