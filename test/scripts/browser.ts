// Owns: finding a Chromium for the browser tests and, on a bare machine, getting one.
// Order: CHROMIUM_PATH, playwright's own download, a browser of the system; then, only in
// `ensureBrowser`, the system's packages (Debian, as root) and playwright's download.
// A browser counts only when it starts: a download without its system libraries does not.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium } from 'playwright'

export interface Browser {
  readonly executablePath: string
}

const startTimeoutMs = 30_000
const downloadTimeoutMs = 300_000
const systemNames = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
const systemFiles = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]
// Screenshots need real letters; both are a few megabytes.
const fonts = ['fonts-inter', 'fonts-dejavu-core']

/** The browser this machine already has, if any. Installs nothing. */
export function findBrowser(): Browser | undefined {
  const wanted = process.env['CHROMIUM_PATH']
  if (wanted !== undefined && wanted !== '') {
    if (!starts(wanted)) throw new Error(`CHROMIUM_PATH=${wanted} does not start`)
    return { executablePath: wanted }
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const system = systemNames.flatMap((name) => folders.map((folder) => join(folder, name)))
  const executablePath = [chromium.executablePath(), ...system, ...systemFiles].find(starts)
  return executablePath === undefined ? undefined : { executablePath }
}

/** The browser of this machine; installs one when there is none. Throws when that fails. */
export function ensureBrowser(): Browser {
  const found = findBrowser()
  if (found !== undefined) return found

  console.log('browser: none found, installing Chromium (once for this machine)')
  // Debian's package brings the system libraries along, playwright's download does not.
  const ways = isRootOnDebian() ? [installFromDebian, download] : [download]
  for (const way of ways) {
    way()
    const installed = findBrowser()
    if (installed !== undefined) return installed
  }
  throw new Error(
    'No Chromium found, and none could be installed. Install Chromium or Chrome, ' +
      'or set CHROMIUM_PATH to its executable, then run the tests again.',
  )
}

function starts(file: string): boolean {
  if (!existsSync(file)) return false
  return spawnSync(file, ['--version'], { timeout: startTimeoutMs, stdio: 'ignore' }).status === 0
}

function isRootOnDebian(): boolean {
  if (process.getuid?.() !== 0 || !existsSync('/etc/os-release')) return false
  return /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))
}

function installFromDebian(): void {
  const wait = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3']
  const install = ['install', '-y', '--no-install-recommends']
  command('apt-get', [...wait, 'update'])
  command('apt-get', [...wait, ...install, 'chromium'])
  // Apart, so that a release without one of the fonts still gets its browser.
  for (const font of fonts) command('apt-get', [...wait, ...install, font])
}

function download(): void {
  command('playwright', ['install', 'chromium'])
}

/** Prints the output of the command only when it failed; the caller checks the effect. */
function command(program: string, args: readonly string[]): void {
  const line = [program, ...args].join(' ')
  console.log(`browser: ${line}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const done = spawnSync(program, args, { env, timeout: downloadTimeoutMs, encoding: 'utf8' })
  if (done.status !== 0) {
    console.log(
      `browser: failed: ${line}\n${done.error?.message ?? ''}${done.stdout}${done.stderr}`,
    )
  }
}

if (import.meta.main) console.log(`browser: ${ensureBrowser().executablePath}`)
