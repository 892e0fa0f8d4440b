/** The log of a reviewer process: JSON lines on stderr, through pino. */
import { destination, levels, pino } from 'pino'
import type { Log } from './gateway/types.ts'

/** From the least verbose; `silent` logs nothing. */
export const LOG_LEVELS: readonly string[] = [
  'silent',
  ...Object.values(levels.labels).toReversed(),
]

/** A logger that writes synchronously, so that no line is lost when the process ends. */
export function stderrLog(level: string): Log {
  return pino({ level }, destination({ fd: 2, sync: true }))
}
