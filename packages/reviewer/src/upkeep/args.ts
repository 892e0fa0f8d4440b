/** Parses the command line of the tool for stored spaces. Pure. */
import { parseArgs } from 'node:util'
import { isUuid } from '@countersign/core/message'

/** What a command line asks for. */
export interface Command {
  readonly name: CommandName
  /** The folder of the spaces. */
  readonly folder: string
  readonly space: string | undefined
  readonly out: string | undefined
  readonly in: string | undefined
  readonly persons: boolean
  readonly entities: string | undefined
  readonly json: boolean
}

/** The commands, by what comes first on the line. */
export type CommandName = 'inspect' | 'verify' | 'export' | 'import' | 'compact'

export type Parsed =
  | { readonly kind: 'command'; readonly command: Command }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'fault'; readonly fault: string }

const PROGRAM = 'npx @countersign/reviewer'

const JSON_LINE = '  --json           print one JSON object\n'
const SPACE_LINE = '  --space UUID     this space only (default: all in the folder)\n'
const ENTITIES_LINE =
  '  --entities FILE  module whose default export is a list of types, as for the reviewer\n'

interface Kind {
  readonly about: string
  /** Options besides `--json` and `--help`. */
  readonly options: readonly string[]
  readonly usage: string
}

const COMMANDS: Readonly<Record<CommandName, Kind>> = {
  inspect: {
    about: 'says what is in the spaces of a folder; reads only, beside a running reviewer too',
    options: ['space'],
    usage: SPACE_LINE,
  },
  verify: {
    about: 'checks every record of the spaces; reads only; exit code 1 where there is a fault',
    options: ['space', 'entities'],
    usage: `${SPACE_LINE}${ENTITIES_LINE}`,
  },
  export: {
    about: 'writes a space to a file of JSON lines; reads only, beside a running reviewer too',
    options: ['space', 'out', 'with-persons'],
    usage:
      '  --space UUID     the space\n' +
      '  --out FILE       the file, which must not exist\n' +
      '  --with-persons   with who is behind each author id: private, and needed where logins are\n',
  },
  import: {
    about: 'takes a space from such a file, checked as it is read; the folder must not have it',
    options: ['in', 'entities'],
    usage: `  --in FILE        the file\n${ENTITIES_LINE}`,
  },
  compact: {
    about: 'gives unused space of the files back to the disk; the reviewer must be stopped',
    options: ['space'],
    usage: SPACE_LINE,
  },
}

const OPTIONS = {
  space: { type: 'string' },
  out: { type: 'string' },
  in: { type: 'string' },
  'with-persons': { type: 'boolean', default: false },
  entities: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** The words for the whole program. */
export const USAGE: string =
  `Usage: ${PROGRAM} COMMAND FOLDER [options]\n\n` +
  Object.entries(COMMANDS)
    .map(([name, { about }]) => `  ${name.padEnd(9)}${about}\n`)
    .join('') +
  `\n${PROGRAM} COMMAND --help lists the options of a command.\n`

function usageOf(name: CommandName): string {
  const { about, usage } = COMMANDS[name]
  return `Usage: ${PROGRAM} ${name} FOLDER [options]\n\n${name} ${about}.\n\n${usage}${JSON_LINE}`
}

/** Parses the arguments behind the name of the program. */
export function readArgs(args: readonly string[]): Parsed {
  const [name = '--help', ...rest] = args
  if (name === '--help' || name === '-h') return { kind: 'help', text: USAGE }
  if (!isCommand(name)) return fault(`there is no command ${JSON.stringify(name)}`)
  let parsed
  try {
    parsed = parseArgs({ args: rest, options: OPTIONS, strict: true, allowPositionals: true })
  } catch (error) {
    const [what = ''] = (error as Error).message.split('\n')
    return fault(what)
  }
  const { values, positionals } = parsed
  if (values.help) return { kind: 'help', text: usageOf(name) }
  const allowed: readonly string[] = [...COMMANDS[name].options, 'json', 'help']
  const [odd] = rest
    .map((arg) => /^--([a-z-]+)/.exec(arg)?.[1])
    .filter((option) => option !== undefined && !allowed.includes(option))
  if (odd !== undefined) return fault(`${name} has no option --${odd}`)
  const [folder, ...more] = positionals
  if (folder === undefined || folder === '' || more.length > 0)
    return fault(`${name} takes one folder of spaces`)
  const command = { name, folder, ...values, persons: values['with-persons'] }
  const wrong = faultOf({ ...empty, ...command })
  return wrong === undefined ? { kind: 'command', command: { ...empty, ...command } } : fault(wrong)
}

const empty = { space: undefined, out: undefined, in: undefined, entities: undefined }

function faultOf({ name, space, out, in: from, entities }: Command): string | undefined {
  if (space !== undefined && !isUuid(space))
    return `--space must be a lower-case uuid, not ${JSON.stringify(space)}`
  if (name === 'export' && space === undefined) return 'export needs --space'
  if (name === 'export' && !out) return 'export needs --out'
  if (name === 'import' && !from) return 'import needs --in'
  return entities === '' ? '--entities must not be empty' : undefined
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name)
}

function fault(text: string): Parsed {
  return { kind: 'fault', fault: text }
}
