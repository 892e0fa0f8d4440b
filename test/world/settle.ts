/** People who decide: without them, messages that a reviewer calls contested would wait for ever. */
import type { Visit } from './visit.ts'
import type { World } from './world.ts'

const ARCHIVED = '$archived'

/** Looks between two rounds of decisions. */
export const SETTLE_LOOKS = 20

/**
 * Decides every register with several live writes, on the first device that can. Where there is none,
 * somebody joins who can.
 */
export function settleContested(world: World): void {
  const { truth, visits, tally } = world
  // A store with contested own messages depends on them, and cannot decide.
  // So does one that does not follow everything.
  const deciding = visits.filter(({ isOpen, store, device }) => {
    const { connection, outboxMessages } = store.status.getState()
    return isOpen && !device.isFollower && connection === 'online' && outboxMessages === 0
  })
  if (deciding.length === 0) {
    world.openNewcomer()
    return
  }
  truth.isContested = false
  const head = Math.max(...deciding.map(({ watch }) => watch!.position?.seq ?? 0))
  for (const history of truth.facts.entities()) {
    const mask = history.acceptedAt(head)
    if (mask === 0n) continue
    for (const [reg, live] of history.expected(mask).live) {
      if (live.length < 2) continue
      const crowded = { type: history.type, id: history.id, reg }
      if (deciding.some((visit) => decide(visit, crowded))) tally.hit('contested row decided')
    }
  }
}

/** Keeps what is shown. False where this build cannot, or nothing is there. */
function decide(
  { store, types }: Visit,
  { type, id, reg }: { readonly type: string; readonly id: string; readonly reg: string },
): boolean {
  const entity = types.find(({ name }) => name === type)
  const { row } = entity ? store.peek(entity as never, id) : {}
  if (!entity || !row) return false
  const shown = row as unknown as Readonly<Record<string, unknown>> & {
    readonly $archived: boolean
  }
  // A build has another name for it, or none.
  const field = reg === ARCHIVED ? reg : entity.fieldAt(reg)?.name
  if (field === undefined) return false
  try {
    if (reg === ARCHIVED) store[shown.$archived ? 'archive' : 'restore'](entity as never, id)
    else store.resolve(entity as never, id, { [field]: shown[field] } as never)
    return true
  } catch {
    return false // another build has to
  }
}
