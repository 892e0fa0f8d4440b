/** Runs a command of the upkeep in this process, and returns what it printed. */
import { run } from './run.ts'

export interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export async function said(...args: string[]): Promise<Said> {
  const texts = { stdout: '', stderr: '' }
  const code = await run(args, {
    stdout: (text) => (texts.stdout += text),
    stderr: (text) => (texts.stderr += text),
  })
  return { code, ...texts }
}
