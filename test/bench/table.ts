/** The one table of a run, as Markdown, so that it can be put into a document as it is. */
import type { Figure, Unit } from './figure.ts'
import { GOALS } from './goals.ts'

const HEAD = ['', 'workload', 'floor', 'ours', 'ratio', 'of rounds', 'cpu', 'goal', 'holds']

export function tableOf(figures: readonly Figure[]): string {
  const all = new Map(figures.map((figure) => [figure.name, figure]))
  const rows = figures.map((figure) => rowOf(figure, all))
  const widths = HEAD.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]!.length)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`
  return [line(HEAD), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
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
