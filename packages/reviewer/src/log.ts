/** The log of a reviewer process: JSON lines on stderr, through pino. */
import { destination, levels, pino } from 'pino'
import type { Log } from './gateway/types.ts'

/** From the quietest; `silent` logs nothing. */
export const LOG_LEVELS: readonly string[] = [
  'silent',
  ...Object.values(levels.labels).toReversed(),
]

/** Written at once, so that nothing is lost when the process ends. */
export function stderrLog(level: string): Log {
  return pino({ level }, destination({ fd: 2, sync: true }))
}
