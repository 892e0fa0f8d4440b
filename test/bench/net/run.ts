/**
 * The network workloads: writers, a server and readers, each a process, floor and ours in turn. The
 * processes of all sides live through all rounds; only one side works at a time.
 */
import type { Settings } from '../args.ts'
import type { Figure } from '../figure.ts'
import { n7 } from './crash.ts'
import { n2, n8 } from './flood.ts'
import { n5, n6 } from './joining.ts'
import { n1 } from './lone.ts'
import { n3, n4 } from './many.ts'
import { withPlace } from './processes.ts'

export async function runOnNetwork(name: string, settings: Settings): Promise<readonly Figure[]> {
  if (name === 'N1' && settings.browser) {
    const { editBetweenPages, editBetweenPeers } = await import('../browser/between-pages.ts')
    return [...(await editBetweenPages()), ...(await editBetweenPeers())]
  }
  const run = { N1: n1, N2: n2, N3: n3, N4: n4, N5: n5, N6: n6, N7: n7, N8: n8 }[name]!
  return withPlace((place) => run(place, settings))
}
