/** Parses the command line of the demo. Pure. */
import { parseArgs } from 'node:util'

export interface Settings {
  /** The reviewer's data folder; undefined: a temporary folder, deleted at the end. */
  readonly data: string | undefined
  /** Whether a new space starts with some issues. */
  readonly seed: boolean
  /** Whether the page is built once instead of served from its sources. */
  readonly still: boolean
  /** 0 for a free one. */
  readonly port: number
}

export const usage = `Usage: pnpm demo [--data FOLDER] [--empty] [--still]

  --data FOLDER  keep the board there (default: a fresh one each time)
  --empty        start without issues
  --still        build the page once; it does not follow its sources then

The environment variable PORT chooses the port of the page, 0 for a free one (default 5173).
`

const defaultPort = 5173

/** Returns the settings, an error sentence, or undefined for `--help`. */
export function readSettings(
  args: readonly string[],
  env: { readonly PORT?: string | undefined },
): Settings | string | undefined {
  const port = env.PORT === undefined || env.PORT === '' ? defaultPort : Number(env.PORT)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) return `PORT=${env.PORT} is no port`
  try {
    const { values } = parseArgs({
      // pnpm passes the `--` that separates its own options.
      args: args.filter((argument) => argument !== '--'),
      options: {
        data: { type: 'string' },
        empty: { type: 'boolean' },
        still: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help === true) return undefined
    return { data: values.data, seed: values.empty !== true, still: values.still === true, port }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
