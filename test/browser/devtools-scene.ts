/** Something for every view of the panel to show: a conflict, refusals, an outbox, versions. */
import type { Board } from './board.ts'
import { fresh } from './board.ts'
import { type Panel, VIEWS, type ViewName } from './devtools-panel.ts'
import { expect } from './expect.ts'
import type { LastYear } from './last-year.ts'

/**
 * Two people rename one issue, one of them does what the rules forbid and then is without a
 * network.
 */
export async function fillDevtools(
  title: string,
  [ann, bob]: readonly [Board, Board],
  lastYear: LastYear,
): Promise<void> {
  const foreign = (await ann.titles('To do'))[2] ?? ''
  await lastYear.add(title)
  await lastYear.settled()
  for (const board of [ann, bob]) await expect(board.card(title)).toBeVisible()
  await ann.setOnline(false)
  await bob.setOnline(false)
  await rename(ann, title, `${title} and mail`)
  await rename(bob, title, `${title}, at last`)
  await ann.archive(foreign)
  await ann.pane.getByRole('button', { name: 'Archived', exact: true }).click()
  await ann.open(foreign)
  await ann.drawer.getByRole('button', { name: 'Restore' }).click()
  await ann.page.keyboard.press('Escape')
  await ann.pane.getByRole('button', { name: 'Archived', exact: true }).click()
  for (const board of [ann, bob]) {
    await board.setOnline(true)
    await board.settled()
  }
}

/** Without a network, by the panel itself, and with something to wait for. */
export async function cutOff(ann: Board, panel: Panel): Promise<void> {
  await panel.view('Faults')
  await panel.fault('Network', 'Offline').check()
  await ann.create(fresh('Written on the train'))
  await ann.create(fresh('Written in the tunnel'))
}

/** Opens each view, with something chosen in it. */
export async function eachView(
  panel: Panel,
  title: string,
  look: (name: ViewName | 'Trace') => Promise<void>,
): Promise<void> {
  for (const name of VIEWS) {
    await panel.view(name)
    if (name === 'Outbox') {
      await panel.outbox('All')
      await panel.rows.filter({ hasText: 'rejected' }).first().click()
      await expect(panel.detail).toContainText('Why')
    } else if (name === 'Timeline') {
      await panel.rows.filter({ hasText: 'accepted' }).first().click()
      await expect(panel.detail).toContainText('as it was then')
    } else if (name === 'Entity') {
      await panel.find(title)
      const older = panel.detail.getByRole('heading', { name: 'As version 2 sees it' })
      await older.evaluate((heading) => heading.scrollIntoView({ block: 'start' }))
    } else if (name === 'Row') {
      await expect(panel.detail).toContainText('Conflict in title')
    }
    await look(name)
  }
  await panel.button('Save or open a trace').click()
  await look('Trace')
  await panel.page.keyboard.press('Escape')
}

async function rename(board: Board, from: string, to: string): Promise<void> {
  await board.open(from)
  await board.drawer.getByLabel('Title', { exact: true }).fill(to)
  await board.page.keyboard.press('Escape')
}
