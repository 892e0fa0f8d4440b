/** Parses the command line of the reviewer. Pure. */
import { parseArgs } from 'node:util'
import { isUuid } from '@countersign/core/message'
import { LOG_LEVELS } from '@countersign/reviewer'

export interface Settings {
  readonly port: number
  readonly host: string
  readonly data: string
  readonly log: string
  /** `any`: every space that a client names. undefined: one, chosen at the first start. */
  readonly spaces: 'any' | readonly string[] | undefined
  readonly key: string | undefined
  /** The data are a copy, or a standby was promoted. */
  readonly restored: boolean
  /** A module whose default export is the list of types. */
  readonly entities: string | undefined
  /** A module that exports rules and assigners. */
  readonly rules: string | undefined
  /** undefined: pages of this machine only. */
  readonly origins: '*' | readonly string[] | undefined
}

export type Parsed =
  | { readonly kind: 'settings'; readonly settings: Settings }
  | { readonly kind: 'help' }
  | { readonly kind: 'fault'; readonly fault: string }

export const USAGE: string = `Usage: reviewer [options]

  --port NUMBER    port to listen on, 0 for a free one       (default 4800)
  --host ADDRESS   address to listen on                      (default 127.0.0.1)
  --data FOLDER    folder of the spaces, created if missing  (default data)
  --space UUID     a space to review; repeatable             (default: chosen once, kept in the data)
  --spaces any     review every space that a client names: only behind a login
  --key FILE       store the reviewer's key there, mode 0600 (default: in the data)
  --restored       the data are a copy, or of a standby: open a new epoch; marks beside --key tell
                   by themselves, and without --key each start opens one
  --entities FILE  module whose default export is a list of types: their values are validated,
                   other types get no verdict         (default: any type, unchecked)
  --rules FILE     module that exports any of authenticate, capabilities,
                   canRead, rules, review, assign and messageLimits
                   (default: every valid message is accepted)
  --origin ORIGIN  a page that may connect, or *; repeatable (default: pages of this machine)
  --log LEVEL      ${LOG_LEVELS.join(', ')}  (default info)
`

const OPTIONS = {
  port: { type: 'string', default: '4800' },
  host: { type: 'string', default: '127.0.0.1' },
  data: { type: 'string', default: 'data' },
  log: { type: 'string', default: 'info' },
  space: { type: 'string', multiple: true },
  spaces: { type: 'string' },
  key: { type: 'string' },
  restored: { type: 'boolean', default: false },
  entities: { type: 'string' },
  rules: { type: 'string' },
  origin: { type: 'string', multiple: true },
  help: { type: 'boolean', short: 'h' },
} as const

export function readArgs(args: readonly string[]): Parsed {
  let values
  try {
    ;({ values } = parseArgs({ args: [...args], options: OPTIONS, strict: true }))
  } catch (error) {
    return fault((error as Error).message.split('\n')[0]!)
  }
  if (values.help === true) return { kind: 'help' }
  const { port, host, data, log, space, spaces, key, restored, entities, rules, origin } = values
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    return fault(`--port must be a number from 0 to 65535, not ${quoted(port)}`)
  }
  if (host === '') return fault('--host must not be empty')
  if (data === '') return fault('--data must not be empty')
  if (key === '') return fault('--key must not be empty')
  if (entities === '') return fault('--entities must not be empty')
  if (rules === '') return fault('--rules must not be empty')
  if (!LOG_LEVELS.includes(log)) {
    return fault(`--log must be one of ${LOG_LEVELS.join(', ')}, not ${quoted(log)}`)
  }
  const wrong = space?.find((one) => !isUuid(one))
  if (wrong !== undefined) return fault(`--space must be a lower-case uuid, not ${quoted(wrong)}`)
  if (spaces !== undefined && spaces !== 'any')
    return fault(`--spaces must be any, not ${quoted(spaces)}`)
  if (spaces !== undefined && space !== undefined)
    return fault('--spaces any and --space exclude each other')
  const origins = origin?.includes('*') === true ? '*' : origin
  return {
    kind: 'settings',
    settings: {
      ...{ port: Number(port), host, data, log, key, restored, entities, rules, origins },
      spaces: spaces === undefined ? space : 'any',
    },
  }
}

function fault(text: string): Parsed {
  return { kind: 'fault', fault: text }
}

/** Quotes a text as one line. */
function quoted(text: string): string {
  return JSON.stringify(text)
}
