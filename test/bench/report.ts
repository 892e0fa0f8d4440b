/** A run of the bench as data, its Markdown, and what is kept of the runs: `recorded.json`. Pure. */
import type { Figure } from './figure.ts'
import type { Growth } from './growth/order.ts'
import { growthTable, tableOf } from './table.ts'

export interface Machine {
  readonly node: string
  readonly cores: number
  /** Mean number of runnable processes in the minute before the run: 0 is a quiet machine. */
  readonly load: number
  /** UTC, to the minute. */
  readonly date: string
  readonly rows: number
}

export interface Run {
  readonly machine: Machine
  readonly figures: readonly Figure[]
  readonly growth: readonly Growth[]
  readonly failures: readonly string[]
}

export interface Recorded {
  /** Figures of full runs; each is in the newest run that measured it. */
  readonly runs: readonly Run[]
  /** Ratios of `--short`, which such a run is compared with. */
  readonly short: Readonly<Record<string, number>>
}

export const NOTHING_RECORDED: Recorded = { runs: [], short: {} }

export function machineText({ node, cores, load, date, rows }: Machine): string {
  const count = rows.toLocaleString('en-US')
  return `Node ${node.replace('v', '')}, ${cores} cores, load ${load} at the start, ${date}, ${count} rows`
}

export function markdownOf({ machine, figures, growth, failures }: Run): string {
  return [
    `${machineText(machine)}:`,
    ...(figures.length > 0 ? [tableOf(figures)] : []),
    ...(growth.length > 0 ? [growthTable(growth)] : []),
    ...failures.map((failure) => `Failed: ${failure}`),
  ].join('\n\n')
}

/** The new run goes in, and what it measured leaves the older ones. */
export function withRun({ runs, short }: Recorded, run: Run): Recorded {
  const names = new Set(run.figures.map((figure) => figure.name))
  const growths = new Set(run.growth.map(({ name }) => name))
  const older = runs
    .map((one) => ({
      ...one,
      figures: one.figures.filter(({ name }) => !names.has(name)),
      growth: one.growth.filter(({ name }) => !growths.has(name)),
    }))
    .filter(({ figures, growth }) => figures.length + growth.length > 0)
  return { runs: [...older, { ...run, failures: [] }], short }
}

export const BLOCK_START =
  '<!-- figures of recorded.json: `npx pnpm bench --record` writes them -->'
export const BLOCK_END = '<!-- end of the figures -->'

/** The README with the recorded figures in their place. */
export function readmeWith(readme: string, { runs }: Recorded): string {
  const start = readme.indexOf(BLOCK_START)
  const end = readme.indexOf(BLOCK_END)
  if (start < 0 || end < start) throw new Error('the README has no place for the figures')
  const block = runs.map(markdownOf).join('\n\n')
  return `${readme.slice(0, start)}${BLOCK_START}\n\n${block}\n\n${readme.slice(end)}`
}

/** How many times worse than recorded a figure of `--short` may be. */
export const COLLAPSE = 5

/**
 * The figures whose ratio to the floor has collapsed, in a sentence each. The best round counts:
 * another program may have disturbed any of them.
 */
export function collapsed(
  figures: readonly Figure[],
  short: Readonly<Record<string, number>>,
): readonly string[] {
  return figures.flatMap(({ name, unit, spread }) => {
    const wanted = short[name]
    if (wanted === undefined || spread === undefined) return []
    const best = unit === 'per s' ? spread[1] : spread[0]
    const worse = unit === 'per s' ? wanted / best : best / wanted
    if (worse <= COLLAPSE) return []
    return [
      `${name}: ${best.toPrecision(2)} of the floor, ${worse.toFixed(1)} times worse than recorded`,
    ]
  })
}

export function shortRatios(figures: readonly Figure[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    figures.flatMap(({ name, ratio }) =>
      ratio === undefined ? [] : [[name, Number(ratio.toPrecision(3))]],
    ),
  )
}
