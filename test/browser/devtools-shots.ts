/**
 * Pictures of the devtools on the board, each view in four looks, for people to look at: in
 * `.shots/`. With `--readme` those of devtools/README.md are made anew.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, type Page, chromium } from 'playwright'
import { ensureBrowser } from '../scripts/browser.ts'
import { root } from '../scripts/stages.ts'
import { Board } from './board.ts'
import { Demo } from './demo.ts'
import { Panel, type ViewName } from './devtools-panel.ts'
import { cutOff, eachView, fillDevtools } from './devtools-scene.ts'
import { LastYear, lastYearUrl } from './last-year.ts'

const looks = [1280, 400].flatMap((width) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })),
)
/** Which of them stand in the README: each view wide in one of the two, narrow in the other. */
const wideInReadme: Readonly<Partial<Record<ViewName | 'Trace', 'light' | 'dark'>>> = {
  Outbox: 'light',
  Timeline: 'dark',
  Entity: 'light',
  Row: 'dark',
  Sync: 'light',
  Queries: 'dark',
  Storage: 'dark',
  Faults: 'light',
}
const calmMs = 400

const forReadme = process.argv.includes('--readme')
const folder = forReadme ? join(root, 'devtools/pictures') : join(root, '.shots')
mkdirSync(folder, { recursive: true })
if (!forReadme) writeFileSync(join(folder, '.gitignore'), '*\n')

const demo = await Demo.start()
const browser = await chromium.launch(ensureBrowser())
try {
  await shootAll(browser)
} finally {
  await browser.close()
  await demo.stop()
}
console.log(`shots: in ${folder}`)

async function shootAll(from: Browser): Promise<void> {
  const page = await visit(from, demo.url)
  const [ann, bob] = [new Board(page), new Board(await visit(from, demo.url))]
  const lastYear = new LastYear(await visit(from, lastYearUrl(demo.url)))
  for (const each of [ann, bob, lastYear]) await each.connected()
  const panel = new Panel(page)
  // What the timeline is to tell must happen while it looks.
  await panel.open()
  const title = 'Night colours for the calendar'
  await fillDevtools(title, [ann, bob], lastYear)
  await cutOff(ann, panel)
  for (const { width, colorScheme } of looks) {
    await page.setViewportSize({ width, height: width < 600 ? 860 : 900 })
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await eachView(panel, title, async (name) => {
      const isWide = width >= 600
      const wide = wideInReadme[name]
      if (forReadme && (wide === undefined || (wide === colorScheme) !== isWide)) return
      await page.waitForTimeout(calmMs)
      const file = `devtools-${name.toLowerCase()}-${width}-${colorScheme}.png`
      const inReadme = `${name.toLowerCase()}${isWide ? '' : '-narrow'}.png`
      const path = join(folder, forReadme ? inReadme : file)
      await panel.element.screenshot({ path })
    })
  }
}

async function visit(from: Browser, url: string): Promise<Page> {
  const context = await from.newContext({ viewport: { width: 1280, height: 1_400 } })
  const page = await context.newPage()
  await page.goto(url)
  return page
}
