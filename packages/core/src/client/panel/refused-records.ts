/**
 * Refused messages as records for devtools: what blocks them, which values won, and messages of
 * earlier sessions, which have no entry.
 */
import type { Json } from '../../base/json.ts'
import { utf8Bytes } from '../../base/size.ts'
import type { Uuid } from '../../base/uuid.ts'
import { nameOf } from '../../inspect/event-ring.ts'
import type { MessageRecord, StandingRecord } from '../../inspect/records.ts'
import type { Entry } from '../../history/entry.ts'
import type { Standing } from '../../facts/message.ts'
import type { Held, HeldChange } from '../outbox/refused.ts'
import type { Replica } from '../replica.ts'

/** The additional fields of a refused message. */
export type Refused = Pick<MessageRecord, 'blockedBy' | 'standing'>

export interface RefusedRecords {
  readonly entries: readonly Entry[]
  /** Messages of ended sessions, named by their ids. */
  readonly earlier: readonly MessageRecord[]
  of(entry: Entry): Refused | undefined
}

/** The refused messages as records, and the additional fields of those with an entry. */
export function refusedRecords({ refused }: Replica, values: boolean): RefusedRecords {
  const names = new Map<string, string>()
  const said = new Map<Entry, Refused>()
  const earlier: MessageRecord[] = []
  for (const held of refused.held()) {
    names.set(held.name, held.entry ? nameOf(held.entry) : held.id)
    const more: Refused = {
      blockedBy: [...held.parents].flatMap((name) => names.get(name) ?? []),
      standing: held.refusal.standing.map((each) => standingOf(each, values)),
    }
    if (held.entry) said.set(held.entry, more)
    else earlier.push({ ...recordOf(held, values), ...more })
  }
  return { entries: [...said.keys()], earlier, of: (entry) => said.get(entry) }
}

/** The id of the refused message with that name. */
export function refusedNamed({ refused }: Replica, name: string): Uuid | undefined {
  for (const { id, entry } of refused.held()) if ((entry ? nameOf(entry) : id) === name) return id
  return undefined
}

function recordOf(held: Held, values: boolean): MessageRecord {
  const { id, authorId, sessionId, timestamp, state, refusal, changes } = held
  return {
    name: id,
    id,
    authorId,
    sessionId,
    clientSeq: 0,
    own: true,
    state,
    timestamp,
    bytes: utf8Bytes(JSON.stringify(changes)),
    arrival: 0,
    changes: changes.map((change) => changeOf(change, values)),
    review: null,
    refusal: { reason: refusal.reason, detail: refusal.detail },
  }
}

/** A change without parents: these are known for the whole message only, see `blockedBy`. */
function changeOf(
  { type, entityId, kind, version, values: written }: HeldChange,
  values: boolean,
): MessageRecord['changes'][number] {
  const regs = Object.keys(written).sort()
  const list = regs.map((reg): Json => written[reg]!)
  return { type, id: entityId, kind, version, regs, ...(values && { values: list }), parents: [] }
}

function standingOf(
  { type, entityId, reg, authorId, value }: Standing,
  values: boolean,
): StandingRecord {
  const told = values && value !== undefined
  return { type, id: entityId, reg, authorId, ...(told && { value }) }
}
