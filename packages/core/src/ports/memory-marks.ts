/** Marks in memory, lost with the process: data that the first opening finds counts as restored. */
import type { Uuid } from '../base/uuid.ts'
import type { SpaceMark, SpaceMarks } from './space-marks.ts'

/**
 * Marks for a reviewer that cannot store them beside its key: the data that it opens first counts
 * as a copy.
 */
export function memoryMarks(): SpaceMarks {
  const marks = new Map<Uuid, SpaceMark>()
  return {
    get: async (space) => marks.get(space),
    put: async (space, mark) => void marks.set(space, mark),
  }
}
