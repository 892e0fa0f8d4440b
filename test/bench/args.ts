/** Parses the command line of the bench. Pure. */
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
  'first',
  'lens',
]
export const BROWSER_NAMES = ['R1', 'R2', 'R3', 'R4', 'R5', 'P1', 'P2', 'P3', 'T']
export const NET_NAMES = ['N1', 'N2', 'N3', 'N4', 'N5', 'N6', 'N7', 'N8']
export const GROWTH_NAME = 'growth'
export const REVIEWER_NAME = 'reviewer'
export const DEVTOOLS_NAME = 'devtools'
export const SCOPES_NAME = 'scopes'
const ALL_NAMES = [
  ...NODE_NAMES,
  ...BROWSER_NAMES,
  ...NET_NAMES,
  GROWTH_NAME,
  REVIEWER_NAME,
  DEVTOOLS_NAME,
  SCOPES_NAME,
]
const ROWS = 100_000
/** Of `--short`: no browser, no long setup, well under a minute. */
const SHORT_NAMES = ['C1', 'C2', 'C3', 'C4', 'C4b', 'C4c', 'C5', 'C6u', 'N2']
const SHORT_ROWS = 10_000
const SHORT_ROUNDS = 2

export interface Settings {
  readonly names: readonly string[]
  /** undefined: as many as suit the workload. */
  readonly rounds: number | undefined
  readonly rows: number
  /** N1 between two pages instead of two processes, also without a server. */
  readonly browser: boolean
  /** With the peers of `peers/` beside, where they compare. */
  readonly peers: boolean
  /** Few rows, few rounds; fails where a ratio is far from the recorded one. */
  readonly short: boolean
  readonly json: string | undefined
  readonly markdown: string | undefined
  /** The figures go into `recorded.json`, and into the README. */
  readonly record: boolean
  /** A folder for profiles of the processor. */
  readonly profile: string | undefined
}

export const USAGE = `Usage: bench [NAMES...] [options]

  NAMES            ${ALL_NAMES.join(' ')}
                   (default: all; a letter stands for its group, e.g. C)
  --rounds NUMBER  measured rounds of each workload        (default: 5 to 9, by workload)
  --rows NUMBER    rows of the store workloads, and of the reviewer's, which has 10 changes
                   of each on its disk; changes of the network workloads in proportion
                                                           (default: 100000)
  --peers          beside the peers of test/bench/peers, which are installed first
  --browser        N1: from one page to another instead of from process to process,
                   by a server and over WebRTC
  --short          few workloads, few rows: fails only where a ratio is five times worse than
                   the recorded one
  --json FILE      write the figures there as well
  --markdown FILE  write the tables there as well
  --record         keep the figures in test/bench/recorded.json and its README
  --profile DIR    write profiles of the processor there, a file a process (Node workloads)
`

export type Parsed =
  | { readonly kind: 'settings'; readonly settings: Settings }
  | { readonly kind: 'help' }
  | { readonly kind: 'fault'; readonly fault: string }

const OPTIONS = {
  rounds: { type: 'string' },
  rows: { type: 'string' },
  browser: { type: 'boolean', default: false },
  peers: { type: 'boolean', default: false },
  short: { type: 'boolean', default: false },
  record: { type: 'boolean', default: false },
  json: { type: 'string' },
  markdown: { type: 'string' },
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
  const { short } = values
  const usual = short ? SHORT_NAMES : ALL_NAMES
  const names = positionals.length === 0 ? usual : positionals.flatMap(namesOf)
  const unknown = names.find((name) => !ALL_NAMES.includes(name))
  if (unknown !== undefined) return { kind: 'fault', fault: `there is no workload ${unknown}` }
  const given = values.rounds ?? (short ? SHORT_ROUNDS : undefined)
  const rounds = given === undefined ? undefined : Number(given)
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
    return { kind: 'fault', fault: '--rounds must be a whole number above 0' }
  }
  const rows = Number(values.rows ?? (short ? SHORT_ROWS : ROWS))
  if (!(Number.isInteger(rows) && rows >= 10_000 && rows % 1_000 === 0)) {
    return { kind: 'fault', fault: '--rows must be a multiple of 1,000, 10,000 or more' }
  }
  const { browser, peers, json, markdown, record, profile } = values
  const output = { json, markdown, record, profile }
  return { kind: 'settings', settings: { names, rounds, rows, browser, peers, short, ...output } }
}

/** A count of a network workload, in proportion to the rows of the run. */
export function scaled(count: number, { rows }: Settings): number {
  return Math.max(10, Math.round((count * rows) / ROWS))
}

function namesOf(given: string): readonly string[] {
  const group = ALL_NAMES.filter((name) => given.length === 1 && name.startsWith(given))
  return group.length > 0 ? group : [given]
}
