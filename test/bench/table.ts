/** The tables of a run, as Markdown, so that they can be put into a document as they are. */
import type { Figure, Unit } from './figure.ts'
import { GOALS } from './goals.ts'
import type { Growth } from './growth/order.ts'

const HEAD = ['', 'workload', 'floor', 'ours', 'ratio', 'of rounds', 'cpu', 'goal', 'holds']
const PEERS = 'peers, best first'

/** The peers have a column where some were measured. */
export function tableOf(figures: readonly Figure[]): string {
  const all = new Map(figures.map((figure) => [figure.name, figure]))
  const rows = figures.map((figure) => rowOf(figure, all))
  if (figures.every(({ peers }) => peers === undefined)) return markdown(HEAD, rows)
  return markdown(
    [...HEAD, PEERS],
    rows.map((row, i) => [...row, peersText(figures[i]!)]),
  )
}

export function growthTable(growths: readonly Growth[]): string {
  const head = ['growth', 'of', 'at', 'floor', 'ours', 'order']
  const rows = growths.map(({ name, what, unit, of, at, ours, floor, order }) => [
    `${name}: ${what}, ${unit}`,
    of,
    at.map((size) => size.toLocaleString('en-US')).join(' / '),
    floor?.map(numberText).join(' / ') ?? '-',
    ours.map(numberText).join(' / '),
    order,
  ])
  return markdown(head, rows)
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function peersText({ peers, unit }: Figure): string {
  const isRate = unit === 'per s'
  const known = Object.entries(peers ?? {}).filter(([, value]) => Number.isFinite(value))
  const sorted = known.sort(([, a], [, b]) => (isRate ? b - a : a - b))
  return sorted.map(([peer, value]) => `${peer} ${valueText(value, unit)}`).join(', ') || '-'
}

function rowOf(figure: Figure, all: ReadonlyMap<string, Figure>): string[] {
  const { name, what, unit, ours, floor, ratio, spread, cpuRatio, note } = figure
  const goal = GOALS[name]
  return [
    name,
    note === undefined ? what : `${what} (${note})`,
    floor === undefined ? '-' : valueText(floor, unit),
    valueText(ours, unit),
    ratio === undefined ? '-' : ratioText(ratio),
    spread === undefined ? `${figure.rounds}` : `${spread.map(ratioText).join('..')}`,
    cpuRatio === undefined ? '-' : ratioText(cpuRatio),
    goal?.text.trim() ?? '-',
    goal === undefined ? '-' : holdsText(goal.holds(figure, all)),
  ]
}

function holdsText(holds: boolean | undefined): string {
  if (holds === undefined) return '?'
  return holds ? 'yes' : 'NO'
}

function valueText(value: number, unit: Unit): string {
  const text = numberText(value)
  if (unit === '') return text
  return unit === 'per s' ? `${text}/s` : `${text} ${unit}`
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  if (Math.abs(value) >= 10_000) {
    const digits = Math.abs(value) >= 1_000_000 ? 4 : 3
    return Number(value.toPrecision(digits)).toLocaleString('en-US')
  }
  return Number(value.toPrecision(3)).toLocaleString('en-US')
}

function ratioText(ratio: number): string {
  return String(Number(ratio.toPrecision(2)))
}
