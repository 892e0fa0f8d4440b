/**
 * The sample reviewer: one process for one or several spaces, a SQLite file each. Prints one line on
 * stdout when it is ready and logs on stderr; when it cannot start, it prints one line on stderr and
 * exits with code 1. SIGINT and SIGTERM stop it gracefully, a second signal at once.
 */
import './memory.ts'
import { readEntities, sqliteSpaces, startReviewer, stderrLog } from '@countersign/reviewer'
import type { RunningReviewers, StartOptions } from '@countersign/reviewer'
import { readArgs, USAGE } from './args.ts'
import { readRules } from './rules.ts'
import type { Settings } from './args.ts'

const parsed = readArgs(process.argv.slice(2))
if (parsed.kind === 'help') process.stdout.write(USAGE)
else if (parsed.kind === 'fault') fail(`${parsed.fault} (--help lists the options)`)
else await run(parsed.settings).catch(fail)

async function run(settings: Settings): Promise<void> {
  const { port, host, origins } = settings
  const log = stderrLog(settings.log)
  process.on('uncaughtException', (error) => {
    log.error({ err: error }, 'the reviewer failed')
    fail(error)
  })
  const options = {
    spaces: sqliteSpaces(settings.data),
    keyFile: settings.key,
    restored: settings.restored,
    entities: settings.entities === undefined ? undefined : await readEntities(settings.entities),
    ...(settings.rules !== undefined && (await readRules(settings.rules))),
    port,
    host,
    log,
    ...(origins === undefined ? {} : { cors: { origin: origins } }),
  }
  const { running, which } = await started(settings.spaces, options)
  let stopping = false
  const stop = (signal: string): void => {
    if (stopping) process.exit(1)
    stopping = true
    log.info({ signal }, 'stopping')
    running.close().then(() => process.exit(0), fail)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  process.stdout.write(`reviewer ready ${running.url} ${which} key ${running.publicKey}\n`)
}

/** Starts the reviewer. `which`: the spaces, as in the ready line. */
async function started(
  spaces: Settings['spaces'],
  options: StartOptions,
): Promise<{ readonly running: RunningReviewers; readonly which: string }> {
  if (spaces === 'any') {
    const running = await startReviewer({ ...options, accepts: () => true })
    return { running, which: 'spaces any' }
  }
  if (spaces !== undefined && spaces.length > 1) {
    const running = await startReviewer({ ...options, accepts: spaces })
    return { running, which: `spaces ${spaces.join(',')}` }
  }
  const running = await startReviewer({ ...options, space: spaces?.[0] })
  return { running, which: `space ${running.space}` }
}

function fail(error: unknown): never {
  const text = error instanceof Error ? error.message : String(error)
  process.stderr.write(`reviewer: ${text.replaceAll(/\s*\n\s*/g, ' ')}\n`)
  process.exit(1)
}
