/** R1 to R5, P1 to P3 and T: in one page, or one page after the other where a reload counts. */
import type { Page } from 'playwright'
import type { Settings } from '../args.ts'
import { type Figure, type Rounds, loneFigure, median, must, timeFigure } from '../figure.ts'
import { freePort, withPlace } from '../net/processes.ts'
import type { ColdKind } from './page/cold.tsx'
import type { DurableKind, Kind } from './page/sides.ts'
import type { Times } from './page/rows.tsx'
import type {} from './page/main.ts'
import type { TableAction } from './page/table.tsx'
import type {} from './page/tabs.tsx'
import { type Site, loaded, withSite } from './site.ts'

const WRITES = 10_000
const ROUNDS = 7
const COLD_ROUNDS = 5
const TAB_EDITS = 200
const TAB_WARM_EDITS = 20
/** The nine actions of js-framework-benchmark, each from the call to the paint. */
const ACTIONS: Readonly<Record<TableAction, string>> = {
  create: '1,000 rows come into an empty table; floor plain hooks',
  replace: '1,000 rows come in the place of 1,000',
  update: 'every tenth of 1,000 rows gets another title',
  select: 'a row of 1,000 is selected',
  swap: 'two rows of 1,000 change places',
  remove: 'a row of 1,000 goes',
  many: '10,000 rows come into an empty table',
  append: '1,000 rows come after 1,000',
  clear: '1,000 rows go',
}

export function runInBrowser(name: string, settings: Settings): Promise<readonly Figure[]> {
  if (name === 'P2') return p2(settings)
  const run = { R1: r1, R2: r2, R3: r3, R4: r4, R5: r5, P1: p1, P3: p3, T: t }[name]!
  return withSite((site) => run(site, settings.rounds ?? ROUNDS), settings)
}

/** One figure of a workload of the page, of a few rows and of many. */
async function atBothSizes(
  site: Site,
  [few, many]: readonly [number, number],
  {
    name,
    what,
    run,
  }: {
    readonly name: string
    readonly what: (count: string) => string
    readonly run: (page: Page, count: number) => Promise<Times>
  },
): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const count of [few, many]) {
    const page = await site.open()
    const short = count === few ? name : `${name} ${count / 1_000}k`
    const facts = { name: short, what: what(count.toLocaleString('en-US')), unit: 'ms' as const }
    figures.push(timeFigure(facts, roundsOf(await run(page, count))))
    await page.close()
  }
  return figures
}

function r1(site: Site, rounds: number): Promise<Figure[]> {
  return atBothSizes(site, [1_000, 10_000], {
    name: 'R1',
    what: (count) => `mount ${count} rows, each read by its hook`,
    run: (page, count) =>
      page.evaluate(([rows, times]) => window.bench.mountRows(rows!, times!), [count, rounds]),
  })
}

function r2(site: Site, rounds: number): Promise<Figure[]> {
  return atBothSizes(site, [1_000, 10_000], {
    name: 'R2',
    what: (count) => `one of ${count} rows changes, call to page, 1 render`,
    run: (page, count) =>
      page.evaluate(([rows, times]) => window.bench.changeRows(rows!, times!), [count, rounds]),
  })
}

function r3(site: Site, rounds: number): Promise<Figure[]> {
  return atBothSizes(site, [10_000, 100_000], {
    name: 'R3',
    what: (count) => `list of 100 of ${count} rows, its order changes, call to page`,
    run: (page, count) =>
      page.evaluate(([rows, times]) => window.bench.moveInList(rows!, times!), [count, rounds]),
  })
}

async function r4(site: Site, rounds: number): Promise<Figure[]> {
  const page = await site.open()
  const times = await page.evaluate((count) => window.bench.changeAll(1_000, count), rounds)
  const what = '1,000 rows change in one transaction, call to page, one commit'
  return [timeFigure({ name: 'R4', what, unit: 'ms' }, roundsOf(times))]
}

async function t(site: Site, rounds: number): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const [action, what] of Object.entries(ACTIONS)) {
    const page = await site.open()
    const times = await page.evaluate(([of, count]) => window.bench.tableAction(of, count), [
      action as TableAction,
      rounds,
    ] as const)
    figures.push(timeFigure({ name: `T ${action}`, what, unit: 'ms' }, roundsOf(times)))
    await page.close()
  }
  return [...figures, meanOf(figures)]
}

/** The geometric mean of ratios to the floor, ours and those of the peers. */
function meanOf(figures: readonly Figure[]): Figure {
  const mean = (ratios: readonly number[]): number =>
    Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length)
  const ours = mean(figures.map(({ ratio }) => ratio!)) // all have a floor
  const names = Object.keys(figures[0]?.peers ?? {})
  const peers = names.map((name): [string, number] => [
    name,
    mean(figures.map(({ peers: all, floor }) => all![name]! / floor!)),
  ])
  const what = 'geometric mean of the nine actions, as ratios to plain hooks'
  return {
    ...{ name: 'T mean', what, unit: '', ours, ratio: ours },
    ...(peers.length > 0 && { peers: Object.fromEntries(peers) }),
    rounds: figures[0]?.rounds ?? 0,
  }
}

async function r5(site: Site, rounds: number): Promise<Figure[]> {
  const page = await site.open()
  const times = await page.evaluate((count) => window.bench.typeInto(count), rounds)
  const what = '200 keystrokes in a bound input, all right, one keystroke'
  return [timeFigure({ name: 'R5', what, unit: 'ms' }, roundsOf(times))]
}

function roundsOf({ floor, ours, ...peers }: Times): Rounds {
  const stretches = (list: readonly number[]): { ms: number }[] => list.map((ms) => ({ ms }))
  const names = Object.keys(peers)
  return {
    floor: stretches(floor),
    ours: stretches(ours),
    ...(names.length > 0 && {
      peers: Object.fromEntries(names.map((name) => [name, stretches(peers[name]!)])),
    }),
  }
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

/** Fills through a real reviewer, then starts offline, each time in a page that was just loaded. */
function p2(settings: Settings): Promise<readonly Figure[]> {
  const many = settings.rows
  return withPlace((place) =>
    withSite(async (site) => {
      const figures: Figure[] = []
      for (const count of [many / 10, many]) {
        const options = { port: await freePort(), data: place.folder() }
        const { address } = await place.server('ours', options)
        const page = await site.open()
        const kinds: readonly ColdKind[] = ['floor', 'ours']
        const times: Times = { floor: [], ours: [] }
        for (const kind of kinds) {
          await page.evaluate(([of, facts]) => window.bench.fillCold(of, facts), [
            kind,
            { name: `p2-${kind}-${count}`, count, reviewer: address },
          ] as const)
        }
        for (let round = 0; round <= (settings.rounds ?? COLD_ROUNDS); round++) {
          for (const kind of kinds) {
            await reload(page)
            const ms = await page.evaluate(([of, facts]) => window.bench.openCold(of, facts), [
              kind,
              { name: `p2-${kind}-${count}`, count, space: address.space },
            ] as const)
            if (round > 0) times[kind]!.push(ms)
          }
        }
        await page.close()
        const name = count === many ? 'P2 many' : 'P2'
        const what = `cold start: ${count.toLocaleString('en-US')} acknowledged rows to the first query on screen`
        figures.push(timeFigure({ name, what, unit: 'ms' }, roundsOf(times)))
      }
      return figures
    }, settings),
  )
}

async function p3(site: Site, rounds: number): Promise<Figure[]> {
  const times: Times = { floor: [], ours: [] }
  const tabs = new Map<Kind, readonly [Page, Page]>()
  for (const kind of ['floor', 'ours'] as const) {
    const first = await site.open()
    const second = await site.openBeside(first)
    await first.evaluate((of) => window.bench.openTab(of, 'p3', true), kind)
    await second.evaluate((of) => window.bench.openTab(of, 'p3', false), kind)
    for (const page of [first, second]) await page.evaluate(() => window.tab.shows(100))
    tabs.set(kind, [first, second])
  }
  const edits = Math.ceil(TAB_EDITS / ROUNDS)
  let count = 0
  for (let round = 0; round <= rounds; round++) {
    for (const [kind, pages] of tabs) {
      const found: number[] = []
      for (let i = 0; i < (round === 0 ? TAB_WARM_EDITS : edits); i++) {
        found.push(await editAcross(pages, ++count))
      }
      if (round > 0) times[kind]!.push(median(found))
    }
  }
  for (const [kind, pages] of tabs) {
    const [one, other] = await Promise.all(
      pages.map((page) => page.evaluate(() => window.tab.digest())),
    )
    must(one === other, `${kind}: the tabs hold different rows`)
  }
  const what = 'a write in one tab to the document of another, no reviewer'
  return [timeFigure({ name: 'P3', what, unit: 'ms' }, roundsOf(times))]
}

async function editAcross([writer, reader]: readonly [Page, Page], count: number): Promise<number> {
  const title = `Edit ${count} of this bench`
  // Who writes looks at the page; a page without frames seals later.
  await writer.bringToFront()
  const seen = reader.evaluate((wanted) => window.tab.seen(wanted), title)
  const startedAt = await writer.evaluate(([row, text]) => window.tab.edit(row, text), [
    (count * 37) % 100,
    title,
  ] as const)
  return (await seen) - startedAt
}
