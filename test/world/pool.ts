/** Runs seeds on several threads, in order, until all are done or the caller stops. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { WorkloadName } from './plan.ts'
import type { Report } from './run.ts'

export interface PoolOptions {
  /** In the order in which they are run. */
  readonly seeds: Iterable<number>
  readonly planted?: string | undefined
  /** Instead of the seeds' own. */
  readonly workload?: WorkloadName | undefined
  readonly threads?: number | undefined
  /** Called after each seed; returns false to stop. */
  readonly onReport: (report: Report) => boolean
}

export async function runSeeds({
  seeds,
  planted,
  workload,
  threads,
  onReport,
}: PoolOptions): Promise<void> {
  const left = seeds[Symbol.iterator]()
  let isEnough = false
  const next = (): number | undefined => {
    const { value, done } = left.next()
    return done || isEnough ? undefined : (value as number)
  }
  const run = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('worker.ts', import.meta.url), {
        workerData: { planted, workload },
      })
      const give = (): void => {
        const seed = next()
        if (seed === undefined) void worker.terminate().then(() => resolve())
        else worker.postMessage(seed)
      }
      worker.on('message', (said: Report | 'ready') => {
        if (said !== 'ready' && !isEnough) isEnough = !onReport(said)
        give()
      })
      worker.on('error', reject)
    })
  await Promise.all(Array.from({ length: threads ?? availableParallelism() }, run))
}
