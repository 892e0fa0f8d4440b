/** Preconditions of a write, checked before anything is changed. */
import { CountersignError } from '../../base/outcome.ts'
import { type Uuid, isUuid } from '../../base/uuid.ts'
import type { Table } from '../../rows/table.ts'
import type { Registers } from '../../schema/input.ts'
import type { Held } from '../outbox/refused.ts'
import type { Replica } from '../replica.ts'
import { assertOpen } from './open.ts'

/** @throws CountersignError `closed`, `halted` or `outbox_full` where a ready store cannot write. */
export function assertWritable(replica: Replica): void {
  const { halted } = replica.status.getState()
  if (replica.closed) assertOpen({ isClosed: true, isInert: false, isReady: true })
  if (halted !== undefined) throw new CountersignError('halted', `the store has halted: ${halted}`)
  if (replica.outbox.full) {
    throw new CountersignError(
      'outbox_full',
      `the outbox is full: ${replica.outbox.size} messages wait for the reviewer`,
    )
  }
}

/** The id of a new row: minted, or supplied by the app where the type allows that. */
export function newId(replica: Replica, table: Table, supplied: Uuid | undefined): Uuid {
  const { entity } = table
  if (supplied === undefined) return mintedId(replica)
  const about = { entity: entity.name, id: supplied }
  if (entity.options.idPolicy !== 'supplied') {
    throw new CountersignError(
      'invalid',
      `${entity.name}: ids of this type are minted; declare idPolicy 'supplied' to give one`,
      about,
    )
  }
  if (!isUuid(supplied)) {
    throw new CountersignError(
      'invalid',
      `${entity.name}: the id ${String(supplied)} is not a lower-case uuid`,
      { entity: entity.name },
    )
  }
  if (table.row(supplied))
    throw new CountersignError('entity_exists', `${entity.name} ${supplied} exists`, about)
  return supplied
}

/** The next id of this session that no row has. */
export function mintedId(replica: Replica): Uuid {
  for (;;) {
    // Writes require a ready replica, which has an identity.
    const id = replica.identity!.entityIds.next()
    if (!isTaken(replica, id)) return id
  }
}

/** Whether a row of any type has the id. */
export function isTaken({ repo }: Replica, id: Uuid): boolean {
  return repo.tableOf(id) !== undefined
}

/** Returns the id of an existing row. @throws CountersignError `unknown_entity` or `not_loaded` */
export function knownId(replica: Replica, table: Table, id: Uuid): Uuid {
  if (table.row(id)) return id
  const { name } = table.entity
  const about = { entity: name, id }
  throw replica.complete
    ? new CountersignError('unknown_entity', `there is no ${name} ${id}`, about)
    : new CountersignError('not_loaded', `${name} ${id} is not loaded yet`, about)
}

/**
 * Throws `needs_upgrade` where a newer version of the type is in use in which a written field holds
 * more than this build can read: the write would erase the unread part.
 */
export function assertUpToDate({ entity, reader }: Table, id: Uuid, { regs }: Registers): void {
  const { lenses } = reader
  for (const reg of regs.names) {
    const fault = lenses.writeFault(reg, entity.currentVersion, lenses.chain.version)
    if (fault === undefined) continue
    throw new CountersignError('needs_upgrade', fault, {
      entity: entity.name,
      id,
      field: entity.fieldAt(reg)?.name ?? reg,
    })
  }
}

/** A refused message and those that depend on it, in causal order. */
export function refusedWith(replica: Replica, messageId: Uuid): readonly Held[] {
  const found = replica.refused.withDescendants(messageId)
  if (found) return found
  throw new CountersignError('unknown_message', `no refused message has the id ${messageId}`, {
    id: messageId,
  })
}
