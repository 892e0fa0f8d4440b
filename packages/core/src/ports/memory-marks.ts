/** Marks that live as long as the process: what it finds at its first opening counts as restored. */
import type { Uuid } from '../base/uuid.ts'
import type { SpaceMark, SpaceMarks } from './space-marks.ts'

/** Marks for a reviewer without a place beside its key: what it opens first counts as a copy. */
export function memoryMarks(): SpaceMarks {
  const marks = new Map<Uuid, SpaceMark>()
  return {
    get: async (space) => marks.get(space),
    put: async (space, mark) => void marks.set(space, mark),
  }
}
