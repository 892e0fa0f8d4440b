/**
 * The workloads by name. A new one is a class of its own here, a name in `plan.ts`, and, where it
 * needs them, types in `entities.ts`.
 */
import type { Random } from '../../model/random.ts'
import type { WorkloadName } from '../plan.ts'
import type { World } from '../world.ts'
import { Bank } from './bank.ts'
import { Followers } from './followers.ts'
import { MixedVersions } from './mixed-versions.ts'
import { OneRow } from './one-row.ts'
import { RandomVerbs } from './random-verbs.ts'
import { ResolveRaces } from './resolve-races.ts'
import { UniqueAppends } from './unique-appends.ts'
import { Sums } from './sums.ts'
import type { Workload } from './workload.ts'

/** W8, W9, W11, W12 and W15 are worlds of their own (`restores/`, `peers/`, `accounts/`, `erasures/`). */
type Name = Exclude<WorkloadName, 'W8' | 'W9' | 'W11' | 'W12' | 'W15'>

const WORKLOADS: Readonly<Record<Name, new (world: World, random: Random) => Workload>> = {
  W1: RandomVerbs,
  W2: UniqueAppends,
  W3: Bank,
  W4: OneRow,
  W5: ResolveRaces,
  W6: MixedVersions,
  W7: Sums,
  W14: Followers,
}

export function makeWorkload(world: World, random: Random): Workload {
  const { workload } = world.plan
  if (
    workload === 'W8' ||
    workload === 'W9' ||
    workload === 'W11' ||
    workload === 'W12' ||
    workload === 'W15'
  )
    throw new Error(`${workload} is no workload of this world`)
  return new WORKLOADS[workload](world, random)
}
