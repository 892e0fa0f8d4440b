/** Reads histories of rows, online and offline, and checks the answers. */
import { CountersignError } from '@countersign/core'
import { LIMITS } from '@countersign/core/message'
import type { Random } from '../model/random.ts'
import { s26History } from './invariants/history.ts'
import { must } from './violation.ts'
import type { Visit } from './visit.ts'
import type { World } from './world.ts'

/** Requests the history of some row. Returns whether there was a row. */
export function askHistory(world: World, visit: Visit, random: Random): boolean {
  const known = [...world.truth.facts.entities()]
  if (known.length === 0) return false
  const history = random.pick(known)
  const { truth, tally, plan } = world
  const { store, name } = visit
  const toldMax = plan.reviewerBounds.historyMessagesMax ?? LIMITS.historyMessagesMax
  const { authorId, position } = store.status.getState()
  // An answer that is cut by its bytes has fewer.
  const isBySize = plan.bounds.historyBytesMax !== undefined
  const seq = position?.seq ?? 0
  const asked = { truth, history, authorId: authorId!, toldMax, isBySize, seq }
  const before = visit.reading
  const person = world.logins?.personOf(visit.device.name) ?? ''
  const isWithheld = (): boolean => world.secrets?.mayRead(person, history, truth.seq) === false
  const wasWithheld = isWithheld()
  world.note(name, () => `asks for the history of ${history.name}`)
  visit.asked++
  store.history(visit.typeNamed(history.type), history.id).then(
    (told) => {
      visit.asked--
      tally.hit(told.complete ? 'history told' : 'history cut')
      world.note(name, () => `is told ${told.entries.length} entries of ${history.name}`)
      const readings = [before, visit.reading]
      const isTold = told.entries.some(({ state }) => state === 'accepted')
      if (!isTold && (wasWithheld || isWithheld())) return
      const hasLost = visit.device.lost.size > 0
      world.guard(() => s26History(told, { ...asked, readings, hasLost }), name)
    },
    (error: unknown) => {
      visit.asked--
      tally.hit('history not to be had')
      const isExpected = error instanceof CountersignError && error.code === 'unavailable'
      world.guard(() => must(isExpected, 'S26', () => `a history ends in: ${String(error)}`), name)
    },
  )
  return true
}
