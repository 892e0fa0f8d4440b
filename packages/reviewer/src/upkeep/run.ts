/** Runs a command line on stored spaces: prints its result, and says what went wrong in one line. */
import { installNodeSha256 } from '../node/sha256.ts'
import { type CommandName, type Command, readArgs } from './args.ts'
import { compact } from './compact.ts'
import { exportTo } from './export.ts'
import { importFrom } from './import.ts'
import { inspect } from './inspect.ts'
import type { Out } from './out.ts'
import { verify } from './verify.ts'

/** Where the texts go. */
export interface Outputs {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
}

type Run = (command: Command, out: Out) => Promise<number>

const COMMANDS: Readonly<Record<CommandName, Run>> = {
  inspect,
  verify,
  export: exportTo,
  import: importFrom,
  compact,
}

/** Runs the command. Resolves to the exit code: 0, or 1 where something is wrong. */
export async function run(args: readonly string[], { stdout, stderr }: Outputs): Promise<number> {
  const parsed = readArgs(args)
  if (parsed.kind === 'help') {
    stdout(parsed.text)
    return 0
  }
  const failed = (what: string): number => {
    stderr(`reviewer: ${what.replaceAll(/\s*\n\s*/g, ' ')}\n`)
    return 1
  }
  if (parsed.kind === 'fault') return failed(`${parsed.fault} (--help lists what there is)`)
  const { command } = parsed
  const out: Out = {
    line: (text) => void (command.json || stdout(`${text}\n`)),
    note: (text) => stderr(`${text}\n`),
    json: (value) => void (command.json && stdout(`${JSON.stringify(value, null, 2)}\n`)),
  }
  installNodeSha256()
  try {
    return await COMMANDS[command.name](command, out)
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error))
  }
}
