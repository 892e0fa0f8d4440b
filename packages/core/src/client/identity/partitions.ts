/**
 * Where the records of a person are. A storage holds any number of partitions, isolated from each other, and
 * each person of a space has one: key, outbox, rows, position.
 *
 *   the space itself   without a person
 *   derived            of a person: from the space and the personal id
 *   unresolved         of a first opening that the app cannot say the person of; the next person whom it
 *                      names takes it along
 *
 * Where the app is asked (`personalId` is a function), the partition of the space has the one that was opened
 * last, for an opening in which there is no answer.
 */
import { hashBytes } from '../../base/hash.ts'
import { type Uuid, isUuid, uuid8 } from '../../base/uuid.ts'
import type { Disk } from '../disk/disk.ts'

/** Key of the partition that was opened last, or null, in the partition of the space. */
const LAST = 'lastPartition'
/** Key of the partition that takes this one along; null or absent: none does. */
const MOVES_TO = 'movesTo'

/** The partition of a person; undefined: no person is signed in. */
export function partitionOf(space: Uuid, personalId: string | undefined): Uuid {
  return personalId === undefined ? space : uuid8(hashBytes('cs/partition', [space, personalId]))
}

/** The partition of an opening in which the person is not known, and no other was before. */
export function unresolvedPartition(space: Uuid): Uuid {
  return uuid8(hashBytes('cs/partition', [space]))
}

/** The partition that was opened last, as the partition of the space has it. */
export async function lastPartition(base: Disk): Promise<Uuid | undefined> {
  const last = await base.claim(LAST, null)
  return isUuid(last) ? last : undefined
}

/**
 * Stores which partition is opened now; null: its person has signed out. Resolves to whether it is
 * stored.
 */
export async function notePartition(base: Disk, partition: Uuid | null): Promise<boolean> {
  return base.write({ durability: 'strict', meta: [[LAST, partition]] })
}

/** The partition that takes this one along, since its person is known. */
export async function movingTo(disk: Disk): Promise<Uuid | undefined> {
  const to = await disk.claim(MOVES_TO, null)
  return isUuid(to) ? to : undefined
}

/** Notes which partition takes this one along. Resolves to whether that is stored. */
export async function noteMove(disk: Disk, to: Uuid): Promise<boolean> {
  return disk.write({ durability: 'strict', meta: [[MOVES_TO, to]] })
}
