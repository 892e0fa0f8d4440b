/** A process of its own for one workload, with its own heap and compiled code. */
import type { Figure } from '../figure.ts'
import { first } from './first.ts'
import { lens } from './lens.ts'
import { c4, c4b, c4c } from './live.ts'
import { c6 } from './memory.ts'
import { c7 } from './onboarding.ts'
import { c3, c4o, c5 } from './reads.ts'
import { withPeers } from './peers.ts'
import type { Size } from './rounds.ts'
import { c1, c2, c2d, c6u } from './writes.ts'

const WORKLOADS: Readonly<Record<string, (size: Size) => Promise<Figure[]>>> = {
  C1: c1,
  C2: c2,
  C2d: c2d,
  C3: c3,
  C4: c4,
  C4o: c4o,
  C4b: c4b,
  C4c: c4c,
  C5: c5,
  C6: c6,
  C6u: c6u,
  C7: c7,
  first,
  lens,
}

const { name, size } = JSON.parse(process.argv[2]!) as { name: string; size: Size }
const measured = await WORKLOADS[name]!(size)
const figures = size.peers === true ? await withPeers(name, measured, size) : measured
process.send!(figures, () => process.exit(0))
