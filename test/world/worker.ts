/** A thread that runs the seeds it is given, one after the other, perhaps with a planted bug. */
import { parentPort, workerData } from 'node:worker_threads'
import type { WorkloadName } from './plan.ts'
import { plant } from './plant.ts'
import { plantedNamed } from './planted/all.ts'
import { trapGlobals } from './trap.ts'

const { planted, workload } = workerData as {
  readonly planted: string | undefined
  readonly workload: WorkloadName | undefined
}
const port = parentPort!
if (planted !== undefined) plant(plantedNamed(planted))

// Imported only now, because a bug must be planted before core is loaded.
const { runSeed } = await import('./run.ts')
trapGlobals()

port.on('message', (seed: number) => {
  void runSeed(seed, { workload }).then((report) => port.postMessage(report))
})
port.postMessage('ready')
