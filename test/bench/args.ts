/** The command line of the bench: what it may say, and what it means. Pure. */
import { parseArgs } from 'node:util'

export const NODE_NAMES = [
  'C1',
  'C2',
  'C2d',
  'C3',
  'C4',
  'C4o',
  'C4b',
  'C4c',
  'C5',
  'C6',
  'C6u',
  'C7',
]
export const BROWSER_NAMES = ['R1', 'R2', 'R3', 'R5', 'P1']
export const NET_NAMES = ['N1', 'N2', 'N7']
export const REVIEWER_NAME = 'reviewer'
export const DEVTOOLS_NAME = 'devtools'
const ALL_NAMES = [...NODE_NAMES, ...BROWSER_NAMES, ...NET_NAMES, REVIEWER_NAME, DEVTOOLS_NAME]

export interface Settings {
  readonly names: readonly string[]
  /** undefined: as many as suit the workload. */
  readonly rounds: number | undefined
  readonly rows: number
  /** N1 between two pages instead of two processes. */
  readonly browser: boolean
  readonly json: string | undefined
  /** A folder for profiles of the processor. */
  readonly profile: string | undefined
}

export const USAGE = `Usage: bench [NAMES...] [options]

  NAMES            ${ALL_NAMES.join(' ')}
                   (default: all; a letter stands for its group, e.g. C)
  --rounds NUMBER  measured rounds of each workload        (default: 5 to 9, by workload)
  --rows NUMBER    rows of the store workloads, and of the reviewer's, which has 10 changes
                   of each on its disk                     (default: 100000)
  --browser        N1: from one page to another instead of from process to process
  --json FILE      write the figures there as well
  --profile DIR    write profiles of the processor there, a file a process (Node workloads)
`

export type Parsed =
  | { readonly kind: 'settings'; readonly settings: Settings }
  | { readonly kind: 'help' }
  | { readonly kind: 'fault'; readonly fault: string }

const OPTIONS = {
  rounds: { type: 'string' },
  rows: { type: 'string', default: '100000' },
  browser: { type: 'boolean', default: false },
  json: { type: 'string' },
  profile: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

export function readArgs(args: readonly string[]): Parsed {
  let parsed
  try {
    parsed = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    return { kind: 'fault', fault: (error as Error).message.split('\n')[0]! }
  }
  const { values, positionals } = parsed
  if (values.help === true) return { kind: 'help' }
  const names = positionals.length === 0 ? ALL_NAMES : positionals.flatMap(namesOf)
  const unknown = names.find((name) => !ALL_NAMES.includes(name))
  if (unknown !== undefined) return { kind: 'fault', fault: `there is no workload ${unknown}` }
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds)
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
    return { kind: 'fault', fault: '--rounds must be a whole number above 0' }
  }
  const rows = Number(values.rows)
  if (!(Number.isInteger(rows) && rows >= 10_000 && rows % 1_000 === 0)) {
    return { kind: 'fault', fault: '--rows must be a multiple of 1,000, 10,000 or more' }
  }
  const { browser, json, profile } = values
  return { kind: 'settings', settings: { names, rounds, rows, browser, json, profile } }
}

function namesOf(given: string): readonly string[] {
  const group = ALL_NAMES.filter((name) => given.length === 1 && name.startsWith(given))
  return group.length > 0 ? group : [given]
}
