/** People who decide: without them, messages that a reviewer calls contested would wait for ever. */
import type { Visit } from './visit.ts'
import type { World } from './world.ts'

const ARCHIVED = '$archived'

/** Looks between two rounds of decisions. */
export const SETTLE_LOOKS = 20

/** Decides every register with several live writes, on one device. */
export function settleContested({ truth, visits, tally }: World): void {
  // One whose own messages are contested stands on them, and cannot decide.
  const visit = visits.find(({ isOpen, store }) => {
    const { connection, outboxMessages } = store.status.getState()
    return isOpen && connection === 'online' && outboxMessages === 0
  })
  if (!visit) return
  truth.isContested = false
  for (const history of truth.facts.entities()) {
    const mask = history.acceptedAt(visit.watch!.position?.seq ?? 0)
    if (mask === 0n) continue
    for (const [reg, live] of history.expected(mask).live) {
      if (live.length < 2 || !decide(visit, { type: history.type, id: history.id, reg })) continue
      tally.hit('contested row decided')
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
  try {
    if (reg === ARCHIVED) store[shown.$archived ? 'archive' : 'restore'](entity as never, id)
    else store.resolve(entity as never, id, { [reg]: shown[reg] } as never)
    return true
  } catch {
    return false // another build has to
  }
}
