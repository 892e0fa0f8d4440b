/** The growth table: what an operation costs as rows, open queries, history or clients become many. */
import type { Settings } from '../args.ts'
import { readersMs } from '../net/many.ts'
import { withPlace } from '../net/processes.ts'
import { forked } from '../node/run.ts'
import { type Growth, orderOf } from './order.ts'

const CLIENTS = [1, 10, 50, 200]

export async function runGrowth(settings: Settings): Promise<readonly Growth[]> {
  const worker = new URL('worker.ts', import.meta.url)
  const sizes = JSON.stringify({ rows: settings.rows })
  const inProcess = await forked<Growth[]>(worker, sizes, ['--max-old-space-size=8192'])
  return [...inProcess, await ofClients(settings)]
}

/** All clients are in one process, so their own work is part of it: linear is the best there is. */
async function ofClients(settings: Settings): Promise<Growth> {
  const ours: number[] = []
  for (const count of CLIENTS) {
    ours.push(await withPlace((place) => readersMs(place, settings, count)))
  }
  const what = 'changes of N4 until shown by all clients'
  const order = orderOf(CLIENTS, ours)
  return { name: 'clients', what, unit: 'ms', of: 'clients', at: CLIENTS, ours, order }
}
