/** Starts a process for a workload of Node and hears its figures. */
import { fork } from 'node:child_process'
import type { Settings } from '../args.ts'
import type { Figure } from '../figure.ts'

/** Rounds unless the command line says otherwise: more where a round is short. */
const ROUNDS: Readonly<Record<string, number>> = {
  C3: 9,
  C4: 9,
  C4o: 9,
  C4b: 9,
  C4c: 9,
  C5: 9,
  C6: 1,
}
const ROUNDS_USUAL = 5

export async function runInNode(name: string, settings: Settings): Promise<Figure[]> {
  const { rounds = ROUNDS[name] ?? ROUNDS_USUAL, rows, profile } = settings
  const flags = ['--expose-gc', '--conditions=@countersign/source', '--min-semi-space-size=16']
  if (profile !== undefined) flags.push('--cpu-prof', `--cpu-prof-dir=${profile}`)
  const child = fork(
    new URL('worker.ts', import.meta.url),
    [JSON.stringify({ name, size: { rounds, rows } })],
    { execArgv: flags },
  )
  return new Promise((resolve, reject) => {
    let figures: Figure[] | undefined
    child.on('message', (message) => {
      figures = message as Figure[]
    })
    child.on('exit', (code) => {
      if (figures) resolve(figures)
      else reject(new Error(`${name} ended with code ${code} and without figures`))
    })
  })
}
