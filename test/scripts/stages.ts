// Owns: running a list of commands one after the other, from the root of the repository, and
// stopping at the first that fails with one clear line. It knows nothing about what they do.

import { spawn } from 'node:child_process'

export interface Stage {
  readonly name: string
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export const root: string = new URL('../..', import.meta.url).pathname.replace(/\/$/, '')

/** Nodes started with this argument resolve workspace packages to their sources. */
export const fromSource = '--conditions=@countersign/source'

/** Runs one command with this terminal; resolves to its exit code. */
export function run(command: readonly string[], env: Stage['env'] = {}): Promise<number> {
  const [program, ...args] = command
  if (program === undefined) throw new Error('a stage needs a command')
  // Windows finds `vitest` only as `vitest.cmd`, which needs a shell.
  const shell = process.platform === 'win32'
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
      shell,
    })
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(signal === null ? (code ?? 1) : 1))
  })
}

/** Runs the stages in order; ends the process with code 1 at the first that fails. */
export async function runStages(title: string, stages: readonly Stage[]): Promise<void> {
  for (const stage of stages) {
    const startMs = performance.now()
    const code = await run(stage.command, stage.env)
    const took = `${((performance.now() - startMs) / 1000).toFixed(1)} s`
    if (code !== 0) {
      console.error(`\n${title}: FAILED at "${stage.name}" (${stage.command.join(' ')}), ${took}`)
      process.exit(1)
    }
    console.log(`${title}: ${stage.name} ok, ${took}`)
  }
}
