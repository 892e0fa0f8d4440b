/** Commands of devtools, run through the public verbs of the store. Loaded on first use. */
import type { CommandOutcome, InspectCommand, CommandOf } from '../../inspect/requests.ts'
import { unreachable } from '../../base/assert.ts'
import { CountersignError } from '../../base/outcome.ts'
import { standingWrites } from '../../fold/state.ts'
import { nameOf } from '../../inspect/event-ring.ts'
import type { Entry } from '../../history/entry.ts'
import type { Inspected } from './looked-at.ts'
import { refusedNamed } from './refused-records.ts'
import type { Replica } from '../replica.ts'

const DONE: CommandOutcome = { ok: true }

/** Runs a command. An error that the verb throws becomes the outcome. */
export function run(inspected: Inspected, command: InspectCommand): CommandOutcome {
  try {
    return carryOut(inspected, command)
  } catch (error) {
    if (error instanceof CountersignError) return refused(error.message)
    throw error
  }
}

function carryOut(inspected: Inspected, command: InspectCommand): CommandOutcome {
  switch (command.kind) {
    case 'retry':
      return retry(inspected, command.message)
    case 'discard': {
      const id = refusedNamed(inspected.replica, command.message)
      if (id === undefined) return refused('no refused message has that name')
      inspected.store.discard(id)
      return DONE
    }
    case 'resolve':
      return resolve(inspected, command)
    default:
      return unreachable(command)
  }
}

/** Sends a pending message now, or writes a refused one again, with all that depend on it. */
function retry({ store, replica }: Inspected, name: string): CommandOutcome {
  const refusedId = refusedNamed(replica, name)
  if (refusedId !== undefined) {
    store.reauthor(refusedId)
    return DONE
  }
  const entry = named(replica, name)
  if (!entry) return refused('no message has that name')
  if (!replica.outbox.holds(entry)) return refused('this message is not in the outbox')
  const { connection } = replica.status.getState()
  if (connection === 'none' || connection === 'offline' || connection === 'closed')
    return refused(`the store is not connected (${connection})`)
  // A new link sends everything pending, and skips the rest of a backoff.
  replica.setOnline(false)
  replica.setOnline(true)
  return DONE
}

/** Resolves through the app's conflict, so that the value is read in this build's version. */
function resolve({ store, replica }: Inspected, command: CommandOf<'resolve'>): CommandOutcome {
  const entity = store.entities.find(({ name }) => name === command.type)
  const state = entity && replica.repo.table(entity).state(command.id)
  const candidates = state ? [...standingWrites(state)].map(({ entry }) => entry) : []
  const taken = candidates.find((entry) => nameOf(entry) === command.take)
  if (!entity || !taken) return refused('no candidate has that name')
  const field = entity.fieldAt(command.reg)?.name ?? command.reg
  for (const conflict of store.conflicts(entity).snapshot()) {
    if (conflict.id !== command.id || conflict.field !== field) continue
    const candidate = conflict.candidates.find(({ msgId }) => msgId === taken.id)
    if (!candidate) return refused('this candidate is no longer in the conflict')
    conflict.resolve(candidate.value)
    return DONE
  }
  return refused(`${field} is not in conflict any more`)
}

function named({ outbox, repo }: Replica, name: string): Entry | undefined {
  for (const entry of outbox.open()) if (nameOf(entry) === name) return entry
  for (const entry of repo.messages.entries()) if (nameOf(entry) === name) return entry
  return undefined
}

function refused(message: string): CommandOutcome {
  return { ok: false, message }
}
