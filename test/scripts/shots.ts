// Owns: `pnpm shots`: pictures of the demo for the eye, wide and narrow, light and dark, into
// `.shots/`, and those that the README of the board shows. Names choose: `pnpm shots list dark`,
// `pnpm shots readme`.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Page, chromium } from 'playwright'
import { Board } from '../browser/board.ts'
import { Demo } from '../browser/demo.ts'
import { LastYear, lastYearUrl } from '../browser/last-year.ts'
import { ensureBrowser } from './browser.ts'
import { root } from './stages.ts'

type Scene = (board: Board, page: Page) => Promise<void>
type Look = { readonly width: number; readonly scheme: 'light' | 'dark' }

const folder = join(root, '.shots')
/** The pictures of the board's README, by scene. */
const forReadme: Readonly<Record<string, string>> = {
  readme: join(root, 'apps/board/screenshot.png'),
  peers: join(root, 'apps/board/peers.png'),
}
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
  conflict: async (board, page) => dispute(board, page),
  decide: async (board, page) => {
    await dispute(board, page)
    await board.drawer.getByRole('button', { name: 'Resolve', exact: true }).click()
    await page.getByRole('dialog').getByRole('radio').nth(1).check()
  },
  own: async (board, page) => {
    await dispute(board, page)
    await board.drawer.getByRole('button', { name: 'Resolve', exact: true }).click()
    for (const other of await page.getByRole('radio', { name: 'Something else' }).all())
      await other.check()
  },
  conflicts: async (board, page) => {
    await dispute(board, page)
    await board.drawer.getByRole('button', { name: 'Close issue' }).click()
    await board.pane.getByRole('button', { name: 'List', exact: true }).click()
    await board.conflicts.click()
  },
  rejected: async (board, page) => {
    await overstep(board, page)
    await board.rejected.click()
  },
  refused: async (board, page) => overstep(board, page),
  history: async (board) => {
    await board.opener((await board.titles('To do'))[0] ?? '').press('Shift+ArrowRight')
    await board.pane.locator('.column[data-column="doing"] .card__open').first().click()
    await board.drawer.getByLabel('Notes').fill('Now with a note')
    await board.drawer.getByRole('button', { name: 'Archive' }).click()
    await board.rejected.locator('[data-count]').waitFor()
    await board.drawer.getByRole('button', { name: 'History' }).click()
    await board.page.locator('.history__one').first().waitFor()
  },
  drag: async (board, page) => {
    const from = (await board.pane.locator('.card').nth(1).boundingBox())!
    const to = (await board.column('Doing').boundingBox())!
    await page.mouse.move(from.x + 60, from.y + 40)
    await page.mouse.down()
    await page.mouse.move(to.x + 30, to.y + 175, { steps: 5 })
  },
  toast: async (board) => {
    await board.create('Water the plants')
    await board.archive('Water the plants')
  },
  peers: async (board, page) => withoutReviewer(board, page),
  'last-year': async (_, page) => void (await lastYearOf(page)),
  'last-year-detail': async (_, page) => {
    const lastYear = await lastYearOf(page)
    await lastYear.tick('Search forgets the last word when you type fast').check()
    await lastYear.opener('Importing 5,000 contacts freezes the page').click()
  },
  'last-year-conflict': async (board, page) => {
    const title = 'Keyboard shortcuts for moving between days'
    const other = await page.context().newPage()
    await other.goto(page.url())
    const lastYear = await lastYearOf(other)
    await lastYear.setOnline(false)
    await board.setOnline(false)
    await board.open(title)
    await board.drawer.getByRole('radio', { name: 'To do' }).check()
    await board.setOnline(true)
    await board.settled()
    await lastYear.tick(title).check()
    await lastYear.setOnline(true)
    await board.drawer.getByText('conflict').first().waitFor()
    await other.close()
    await (await lastYearOf(page)).opener(title).click()
  },
}

const looks: readonly Look[] = [1280, 400].flatMap((width) =>
  (['light', 'dark'] as const).map((scheme) => ({ width, scheme })),
)

mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, '.gitignore'), '*\n')
const wanted = process.argv.slice(2).filter((word) => word !== '--')
const browser = await chromium.launch(ensureBrowser())
try {
  for (const look of looks) {
    const chosen = Object.entries(scenes).filter(([name]) =>
      wanted.every((word) => [name, String(look.width), look.scheme].includes(word)),
    )
    // A space of its own for each look: some scenes change what the next would show.
    if (chosen.length > 0) await visit(look, chosen)
  }
  if (wanted.length === 0 || wanted.includes('readme'))
    await visit(
      { width: 1280, scheme: 'light' },
      [
        ['readme', readme],
        ['peers', withoutReviewer],
      ],
      forReadme,
    )
} finally {
  await browser.close()
}
console.log(`shots: in ${folder}`)

async function visit(
  look: Look,
  chosen: readonly (readonly [string, Scene])[],
  paths: Readonly<Record<string, string>> = {},
): Promise<void> {
  const demo = await Demo.start()
  try {
    for (const [name, act] of chosen) {
      const path = join(folder, `${name}-${look.width}-${look.scheme}.png`)
      await shoot(demo.url, { ...look, path: paths[name] ?? path }, act)
    }
  } finally {
    await demo.stop()
  }
}

async function shoot(
  url: string,
  { width, scheme, path }: Look & { readonly path: string },
  act: Scene,
): Promise<void> {
  const context = await browser.newContext({
    viewport: { width, height: width < 600 ? 860 : 800 },
    colorScheme: scheme,
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  await page.goto(url)
  const board = new Board(page)
  await board.connected()
  await board.pane.locator('.card').first().waitFor()
  await act(board, page)
  await page.waitForTimeout(calmMs)
  await page.screenshot({ path })
  await context.close()
}

/** Two others are reached, the reviewer is killed, and one of the three reviews. */
async function withoutReviewer(board: Board, page: Page): Promise<void> {
  const others: Board[] = []
  for (let count = 0; count < 2; count++) {
    const context = await browser.newContext()
    const other = new Board(await context.newPage())
    await other.page.goto(page.url())
    await other.connected()
    others.push(other)
  }
  for (const each of [board, ...others]) {
    await each.peers.click()
    await each.page.getByRole('switch', { name: 'Reach other browsers' }).click()
  }
  await board.peers.and(page.locator('[data-count="2"]')).waitFor()
  await page.getByRole('button', { name: 'Kill the reviewer' }).click()
  await page.getByText(/in epoch \d/).waitFor()
  const [other] = others
  await other?.page.keyboard.press('Escape')
  await other?.create('Written without the reviewer')
  await page.locator('[data-state="provisional"]').first().waitFor()
}

/** Leaves the board for last year's app, on the same page. */
async function lastYearOf(page: Page): Promise<LastYear> {
  await page.goto(lastYearUrl(page.url()))
  const lastYear = new LastYear(page)
  await lastYear.connected()
  await page.locator('.line').first().waitFor()
  return lastYear
}

async function openSecond(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Second person', exact: true }).click()
  await new Board(page, 'second').connected()
}

/** Two people beside each other who gave one issue different points and titles. */
async function dispute(board: Board, page: Page): Promise<void> {
  await openSecond(page)
  const other = new Board(page, 'second')
  const title = (await board.titles('Doing'))[0] ?? ''
  for (const [each, points, said] of [
    [board, '2', 'Dark theme for the whole calendar'],
    [other, '13', 'Dark theme for calendar and mail'],
  ] as const) {
    await each.setOnline(false)
    await each.open(title)
    await each.drawer.getByLabel('Points').selectOption(points)
    await each.drawer.getByLabel('Title').fill(said)
  }
  await board.setOnline(true)
  await board.settled()
  await other.setOnline(true)
  await board.drawer.getByText('conflict').first().waitFor()
  await page.getByRole('button', { name: 'Close second person' }).click()
}

/** A change that is not allowed, and one that depends on it. */
async function overstep(board: Board, page: Page): Promise<void> {
  const title = (await board.titles('To do'))[2] ?? ''
  await board.setOnline(false)
  await board.archive(title)
  await board.pane.getByRole('button', { name: 'Archived', exact: true }).click()
  await board.open(title)
  await board.drawer.getByRole('button', { name: 'Restore' }).click()
  await page.keyboard.press('Escape')
  await board.pane.getByRole('button', { name: 'Archived', exact: true }).click()
  await board.setOnline(true)
  await board.rejected.locator('[data-count]').waitFor()
}

/** Two people, one of them offline with something in the outbox. */
async function readme(board: Board, page: Page): Promise<void> {
  await openSecond(page)
  const other = new Board(page, 'second')
  await other.setOnline(false)
  await other.pane.locator('.card__open').nth(2).press('Shift+ArrowRight')
  // A focus ring would be the loudest thing in the picture.
  await page.locator(':focus').blur()
  await board.settled()
}
