/** All planted bugs. Each must be caught by the world; one that survives is a hole in its checks. */
import type { Planted } from '../plant.ts'
import { ackBeforeCommit } from './ack-before-commit.ts'

export const PLANTED: readonly Planted[] = [ackBeforeCommit]

export function plantedNamed(name: string): Planted {
  const found = PLANTED.find((planted) => planted.name === name)
  if (!found)
    throw new Error(
      `no planted bug "${name}"; there are: ${PLANTED.map((each) => each.name).join(', ')}`,
    )
  return found
}
