/** Starts a process for a workload of Node and takes its figures. */
import { fork } from 'node:child_process'
import type { Settings } from '../args.ts'
import type { Figure } from '../figure.ts'

/** Default number of rounds: more where a round is short. */
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

export function runInNode(name: string, settings: Settings): Promise<Figure[]> {
  const { rounds = ROUNDS[name] ?? ROUNDS_USUAL, rows, profile, peers } = settings
  const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  const task = JSON.stringify({ name, size: { rounds, rows, peers } })
  return forked<Figure[]>(new URL('worker.ts', import.meta.url), task, flags)
}

/** Runs a worker with one argument; resolves to what it sends before it ends. */
export async function forked<T>(worker: URL, task: string, flags: readonly string[]): Promise<T> {
  const usual = ['--expose-gc', '--conditions=@countersign/source', '--min-semi-space-size=16']
  const child = fork(worker, [task], { execArgv: [...usual, ...flags] })
  return new Promise((resolve, reject) => {
    let told: { readonly value: T } | undefined
    child.on('message', (message) => {
      told = { value: message as T }
    })
    child.on('exit', (code) => {
      if (told) resolve(told.value)
      else reject(new Error(`a worker ended with code ${code} and without figures: ${task}`))
    })
  })
}
