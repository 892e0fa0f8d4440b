/**
 * Peers on the board, over WebRTC, in browsers of their own: the reviewer is killed, they review for
 * each other, whoever does so is closed, another takes over, and the reviewer is back.
 */
import { WAIT_MS } from '../scripts/wait.ts'
import { Board, fresh } from './board.ts'
import { expect, test } from './fixtures.ts'

const PEOPLE = 3
const wait = { timeout: WAIT_MS }

/** Presses something in the sheet about peers. */
async function press(
  { page, peers }: Board,
  role: 'switch' | 'button',
  name: string,
): Promise<void> {
  await peers.click()
  await page.getByRole('dialog', { name: 'Peers' }).getByRole(role, { name }).click()
  await page.keyboard.press('Escape')
}

const reachOthers = (board: Board) => press(board, 'switch', 'Reach other browsers')

/** Takes away the one that reviews. Returns the board of that person, once they are back. */
async function gone(
  { page }: Board,
  how: 'closed' | 'killed' | 'cut off',
  url: string,
): Promise<() => Promise<Board>> {
  const context = page.context()
  if (how === 'cut off') {
    const board = new Board(page)
    await reachOthers(board)
    return async () => {
      await reachOthers(board)
      return board
    }
  }
  await page.waitForTimeout(300) // what it has written is on its disk
  if (how === 'closed') await page.close()
  else {
    const crashed = page.waitForEvent('crash')
    const session = await context.newCDPSession(page)
    void session.send('Page.crash').catch(() => {}) // no answer comes from there
    await crashed
  }
  return async () => {
    const board = new Board(await context.newPage())
    await board.page.goto(url)
    return board
  }
}

/** How long it takes until that holds; it is printed, and decides nothing. */
async function timed(what: string, holds: () => Promise<unknown>): Promise<void> {
  const startMs = performance.now()
  await holds()
  console.log(`  peers: ${what}: ${((performance.now() - startMs) / 1_000).toFixed(2)} s`)
}

const each = (boards: readonly Board[], check: (board: Board) => Promise<unknown>) =>
  Promise.all(boards.map((board) => check(board)))

/** The one of these that reviews, and the others, which all follow it. */
async function parted(boards: readonly Board[], epochAbove = 0) {
  const reviews = (board: Board) => board.peers.getByText('You review')
  await expect
    .poll(async () => {
      const says = await Promise.all(boards.map((board) => reviews(board).count()))
      const epochs = await Promise.all(boards.map((board) => board.epoch()))
      const isOne = says.reduce((sum, count) => sum + count, 0) === 1 && new Set(epochs).size === 1
      return isOne && (epochs[0] ?? 0) > epochAbove
    }, wait)
    .toBe(true)
  for (const board of boards)
    if ((await reviews(board).count()) === 1)
      return { reviewer: board, others: boards.filter((one) => one !== board) }
  throw new Error('nobody reviews any more')
}

/** Every card of the board, with all that is shown of it. */
async function content({ pane }: Board): Promise<string[]> {
  const cards = await pane.locator('.card').evaluateAll((all) =>
    all.map((card) => {
      const column = card.closest('.column')?.getAttribute('data-column')
      const tags = card.querySelector('.card__tags')?.textContent
      return [column, card.querySelector('.card__open')?.textContent, tags].join(' | ')
    }),
  )
  return cards.sort()
}

for (const how of ['closed', 'killed', 'cut off'] as const) {
  test(`PEER7 PEER11 PEER12 peers go on without the reviewer, also when the one that reviews is ${how}; then all is canonical`, async ({
    visit,
    startDemo,
    expectedErrors,
  }) => {
    test.slow()
    // The browser itself reports a socket that cannot be opened.
    expectedErrors.push(/WebSocket|ERR_CONNECTION|Failed to load resource/)
    const demo = await startDemo()
    const boards: Board[] = []
    for (let count = 0; count < PEOPLE; count++)
      boards.push(new Board(await visit({ url: demo.url })))
    for (const board of boards) {
      await board.connected()
      await reachOthers(board)
    }
    await timed('all reach each other', () =>
      each(boards, (board) => expect(board.peers).toHaveAttribute('data-count', '2', wait)),
    )
    const shared = fresh('Before')
    await boards[0]!.create(shared)
    await each(boards, (board) =>
      expect(board.card(shared)).toHaveAttribute('data-state', 'canonical', wait),
    )

    await press(boards[0]!, 'button', 'Kill the reviewer')
    let first: Awaited<ReturnType<typeof parted>> | undefined
    await timed('a peer reviews for all, after the reviewer was killed', async () => {
      first = await parted(boards)
    })
    const { reviewer, others } = first!
    const epoch = (await reviewer.epoch()) ?? 0
    const [ann, bob] = [others[0]!, others[1]!]
    const titles = ['one', 'two', 'three'].map((word) => fresh(`Written ${word}`))
    for (const [at, author] of [ann, bob, reviewer].entries()) {
      const title = titles[at]!
      await author.create(title)
      await timed('a change is shown by the others', () =>
        each(boards, (board) =>
          expect(board.card(title)).toHaveAttribute('data-state', 'provisional', wait),
        ),
      )
    }
    const named = (board: Board) =>
      board.card(titles[0]!).locator('.signatures__reviewer').textContent()
    expect(await named(reviewer), 'its own review').toBe('you')
    const names = await Promise.all(others.map(named))
    expect(new Set(names).size, 'one reviewer of the card').toBe(1)
    expect(names[0]).not.toBe('you')
    expect(await ann.peers.textContent()).toContain(names[0])

    // Work on the work of another, and on one row from two sides.
    await bob.open(titles[0]!)
    await bob.drawer.getByLabel('Points').selectOption('5')
    await ann.open(shared)
    await ann.drawer.getByLabel('Assignee').selectOption('Chiara')
    await each(boards, async (board) => {
      await expect(board.card(titles[0]!)).toContainText('5 pt', wait)
      await expect(board.card(shared)).toContainText('Chiara', wait)
    })

    const back = await gone(reviewer, how, demo.url)
    await timed(`another takes over, after whoever reviewed was ${how}`, async () => {
      first = await parted([ann, bob], epoch)
    })
    const last = fresh('After the takeover')
    await bob.create(last)
    await timed('a change is shown by the other', () =>
      expect(ann.card(last)).toHaveAttribute('data-state', 'provisional', wait),
    )
    await ann.open(last)
    await ann.drawer.getByLabel('Points').selectOption('8')
    await expect(bob.card(last)).toContainText('8 pt', wait)

    const again = await back()
    const all = [ann, bob, again]
    await press(ann, 'button', 'Start the reviewer')
    await timed('all is canonical and the same, after the reviewer was started', () =>
      each(all, async (board) => {
        for (const title of [shared, ...titles, last])
          await expect(board.card(title)).toHaveAttribute('data-state', 'canonical', wait)
        await expect(board.outbox).toHaveAttribute('data-count', '0', wait)
        await expect(board.pane.locator('.card:not([data-state="canonical"])')).toHaveCount(0, wait)
      }),
    )
    await expect
      .poll(async () => {
        const [a, b, c] = await Promise.all(all.map((board) => content(board)))
        return JSON.stringify(a) === JSON.stringify(b) && JSON.stringify(b) === JSON.stringify(c)
      }, wait)
      .toBe(true)
    await expect(ann.card(titles[0]!)).toContainText('5 pt')
    await expect(bob.card(last)).toContainText('8 pt')
    await expect(again.card(shared)).toContainText('Chiara')
    await each(all, (board) =>
      expect(board.pane.locator('.badge', { hasText: 'conflict' })).toHaveCount(0),
    )
  })
}
