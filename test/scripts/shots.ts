// Owns: `pnpm shots`: pictures of the demo for the eye, wide and narrow, light and dark, into
// `.shots/`, and the one that the README of the board shows. Names choose: `pnpm shots list dark`.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Page, chromium } from 'playwright'
import { Board } from '../browser/board.ts'
import { Demo } from '../browser/demo.ts'
import { ensureBrowser } from './browser.ts'
import { root } from './stages.ts'

type Scene = (board: Board, page: Page) => Promise<void>

const folder = join(root, '.shots')
const forReadme = join(root, 'apps/board/screenshot.png')
const calmMs = 500

const scenes: Readonly<Record<string, Scene>> = {
  board: async () => {},
  list: async (board) => board.pane.getByRole('button', { name: 'List', exact: true }).click(),
  detail: async (board) => board.pane.locator('.card__open').nth(1).click(),
  second: async (_, page) => openSecond(page),
  offline: async (board) => {
    await board.setOnline(false)
    const cards = board.pane.locator('.card__open')
    await cards.nth(2).press('Shift+ArrowRight')
    await cards.nth(0).press('Shift+ArrowDown')
    await board.outbox.click()
  },
  menu: async (board) =>
    board.pane
      .getByRole('button', { name: /^Move or archive/ })
      .nth(1)
      .click(),
  dialog: async (board) =>
    board.pane.getByRole('button', { name: 'New issue', exact: true }).click(),
  import: async (board, page) => {
    await board.pane.getByRole('button', { name: 'Import and export' }).click()
    await page.getByRole('menuitem', { name: 'Import JSON…' }).click()
    await page
      .getByLabel('Or paste JSON')
      .fill('[{ "title": "A" }, { "title": "B", "points": 99 }]')
  },
  nothing: async (board) => board.search('no such issue'),
}

const looks = [1280, 400].flatMap((width) =>
  (['light', 'dark'] as const).map((scheme) => ({ width, scheme })),
)

mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, '.gitignore'), '*\n')
const wanted = process.argv.slice(2).filter((word) => word !== '--')
const demo = await Demo.start()
const browser = await chromium.launch(ensureBrowser())
try {
  for (const { width, scheme } of looks) {
    for (const [name, act] of Object.entries(scenes)) {
      const words = [name, String(width), scheme]
      if (!wanted.every((word) => words.includes(word))) continue
      await shoot(join(folder, `${words.join('-')}.png`), { width, scheme }, act)
    }
  }
  if (wanted.length === 0) {
    await shoot(forReadme, { width: 1280, scheme: 'light' }, readme)
  }
} finally {
  await browser.close()
  await demo.stop()
}
console.log(`shots: in ${folder}`)

async function shoot(
  path: string,
  { width, scheme }: { width: number; scheme: 'light' | 'dark' },
  act: Scene,
): Promise<void> {
  const context = await browser.newContext({
    viewport: { width, height: width < 600 ? 860 : 800 },
    colorScheme: scheme,
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  await page.goto(demo.url)
  const board = new Board(page)
  await board.connected()
  await board.pane.locator('.card').first().waitFor()
  await act(board, page)
  await page.waitForTimeout(calmMs)
  await page.screenshot({ path })
  await context.close()
}

async function openSecond(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Second person', exact: true }).click()
  await new Board(page, 'second').connected()
}

/** Two people, one of them offline with something in the outbox. */
async function readme(board: Board, page: Page): Promise<void> {
  await openSecond(page)
  const other = new Board(page, 'second')
  await other.setOnline(false)
  await other.pane.locator('.card__open').nth(2).press('Shift+ArrowRight')
  await page.mouse.move(0, 0)
  await board.settled()
}
