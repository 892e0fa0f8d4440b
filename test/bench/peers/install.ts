/** Installs the peers, at the versions of the lockfile beside this file, outside of the workspace. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export function installPeers(): void {
  process.stderr.write('bench: installing the peers ...\n')
  execFileSync('npx', ['pnpm', 'install', '--dir', FOLDER, '--frozen-lockfile'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    cwd: ROOT,
    shell: process.platform === 'win32',
  })
}

const FOLDER = fileURLToPath(new URL('.', import.meta.url))
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
