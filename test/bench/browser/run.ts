/** R1, R2, R3, R5 and P1: runs them in one page, or one page after the other where a reload counts. */
import type { Page } from 'playwright'
import type { Settings } from '../args.ts'
import { type Figure, type Rounds, loneFigure, median, must, timeFigure } from '../figure.ts'
import type { DurableKind } from './page/sides.ts'
import type { Times } from './page/rows.tsx'
import type {} from './page/main.ts'
import { type Site, loaded, withSite } from './site.ts'

const WRITES = 10_000
const ROUNDS = 7

export function runInBrowser(name: string, { rounds = ROUNDS }: Settings): Promise<Figure[]> {
  const run = { R1: r1, R2: r2, R3: r3, R5: r5, P1: p1 }[name]!
  return withSite((site) => run(site, rounds))
}

async function r1(site: Site, rounds: number): Promise<Figure[]> {
  const page = await site.open()
  const mounted = (count: number): Promise<Times> =>
    page.evaluate(([rows, times]) => window.bench.mountRows(rows!, times!), [count, rounds])
  const what = (count: string): string => `mount ${count} rows, each read by its hook`
  return [
    timeFigure({ name: 'R1', what: what('1,000'), unit: 'ms' }, roundsOf(await mounted(1_000))),
    timeFigure(
      { name: 'R1 10k', what: what('10,000'), unit: 'ms' },
      roundsOf(await mounted(10_000)),
    ),
  ]
}

async function r2(site: Site, rounds: number): Promise<Figure[]> {
  const page = await site.open()
  const changed = (count: number): Promise<Times> =>
    page.evaluate(([rows, times]) => window.bench.changeRows(rows!, times!), [count, rounds])
  const what = (count: string): string => `one of ${count} rows changes, call to page, 1 render`
  return [
    timeFigure({ name: 'R2', what: what('1,000'), unit: 'ms' }, roundsOf(await changed(1_000))),
    timeFigure(
      { name: 'R2 10k', what: what('10,000'), unit: 'ms' },
      roundsOf(await changed(10_000)),
    ),
  ]
}

async function r3(site: Site, rounds: number): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const step of ['replace', 'append', 'clear'] as const) {
    const page = await site.open()
    const times = await page.evaluate(([of, count]) => window.bench.tableStep(of, count), [
      step,
      rounds,
    ] as const)
    const what = `${step} 1,000 rows of a table, call to paint; floor plain hooks`
    figures.push(timeFigure({ name: `R3 ${step}`, what, unit: 'ms' }, roundsOf(times)))
  }
  return figures
}

async function r5(site: Site, rounds: number): Promise<Figure[]> {
  const page = await site.open()
  const times = await page.evaluate((count) => window.bench.typeInto(count), rounds)
  const what = '200 keystrokes in a bound input, all right, one keystroke'
  return [timeFigure({ name: 'R5', what, unit: 'ms' }, roundsOf(times))]
}

function roundsOf({ floor, ours }: Times): Rounds {
  return { floor: floor.map((ms) => ({ ms })), ours: ours.map((ms) => ({ ms })) }
}

interface Written {
  readonly ms: number
  readonly longestMs: number
}

async function p1(site: Site, rounds: number): Promise<Figure[]> {
  const page = await site.open()
  const kinds: readonly DurableKind[] = ['log', 'dexie', 'ours']
  const runs: Record<DurableKind, Written[]> = { log: [], dexie: [], ours: [] }
  const lone: Record<DurableKind, number[]> = { log: [], dexie: [], ours: [] }
  for (let round = 0; round <= rounds; round++) {
    for (const kind of kinds) {
      const run = await writeAndReload(page, kind, `p1-${kind}-${round}`)
      const alone = await page.evaluate((of) => window.bench.writeLone(of), kind)
      await reload(page)
      if (round === 0) continue
      runs[kind].push(run)
      lone[kind].push(alone)
    }
  }
  const against = (floor: 'log' | 'dexie'): Rounds => ({ floor: runs[floor], ours: runs.ours })
  const what = '10,000 writes until durable, equal after a reload'
  return [
    timeFigure({ name: 'P1', what: `${what}; floor log`, unit: 'ms' }, against('log')),
    timeFigure({ name: 'P1 dexie', what: `${what}; floor dexie`, unit: 'ms' }, against('dexie')),
    {
      ...loneFigure(
        { name: 'P1 task', what: 'longest task over 50 ms on the way, else 0', unit: 'ms' },
        runs.ours.map((run) => run.longestMs),
      ),
      floor: median(runs.log.map((run) => run.longestMs)),
    },
    {
      ...loneFigure({ name: 'P1 lone', what: 'a lone write until durable', unit: 'ms' }, lone.ours),
      floor: median(lone.log),
    },
  ]
}

async function writeAndReload(page: Page, kind: DurableKind, name: string): Promise<Written> {
  const written = await page.evaluate(
    ([of, to, count]) => window.bench.writeDurable(of, to, count),
    [kind, name, WRITES] as const,
  )
  must(written.digest.startsWith(`${WRITES}:`), `${kind}: not all rows were written`)
  await reload(page)
  const found = await page.evaluate(([of, from]) => window.bench.checkDurable(of, from), [
    kind,
    name,
  ] as const)
  must(found === written.digest, `${kind}: the rows differ after a reload`)
  await reload(page)
  return written
}

async function reload(page: Page): Promise<void> {
  await page.reload()
  await loaded(page)
}
