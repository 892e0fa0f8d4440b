/**
 * Writes refused messages again: the same values, on the current rows. A creation whose row exists
 * becomes an update; a row whose id another identity minted gets a new id.
 */
import type { Json } from '../../base/json.ts'
import { CountersignError } from '../../base/outcome.ts'
import type { Uuid } from '../../base/uuid.ts'
import { fieldName } from '../../fold/conflicts.ts'
import type { Table } from '../../rows/table.ts'
import type { Registers } from '../../schema/input.ts'
import { UNSET } from '../../schema/unset.ts'
import { isTaken, knownId, mintedId } from './guards.ts'
import type { Held, HeldChange } from '../outbox/refused.ts'
import type { Replica } from '../replica.ts'
import type { Receipt } from '../store.ts'
import type { Writer } from './writer.ts'

/**
 * Writes one message for each. All or nothing: all messages are rehearsed first, and an error there,
 * the rules of the types included, changes nothing.
 * @throws CountersignError `transaction_state` within a transaction.
 */
export function reauthor(
  messages: readonly Held[],
  replica: Replica,
  writer: Writer,
): readonly Receipt[] {
  writer.assertNotWriting('reauthor')
  const parts = { replica, writer }
  writer.rehearse(eachAgain(messages, parts).map(({ write }) => write))
  return eachAgain(messages, parts).flatMap(({ write, held }) => {
    return writer.message(write, { expects: held.expects, rehearsed: true }) ?? []
  })
}

interface Parts {
  readonly replica: Replica
  readonly writer: Writer
}

/** What a message needs to be written again. */
export type Rewritten = Pick<Held, 'authorId' | 'sessionId' | 'changes' | 'expects'>

function eachAgain(
  messages: readonly Held[],
  parts: Parts,
): readonly { readonly held: Held; readonly write: () => void }[] {
  const ids = new Map<Uuid, Uuid>()
  return messages.map((held) => ({ held, write: () => writeAgain(held, { ids, ...parts }) }))
}

/** Writes the changes of a message into the open one. `ids`: new ids of rows, by those that they had. */
export function writeAgain(
  held: Rewritten,
  parts: Parts & { readonly ids: Map<Uuid, Uuid> },
): void {
  for (const change of held.changes) writeChange(change, held, parts)
}

function writeChange(
  change: HeldChange,
  held: Rewritten,
  { ids, replica, writer }: Parts & { readonly ids: Map<Uuid, Uuid> },
): void {
  // It rewrote old values; the next migration rewrites the current ones.
  if (change.kind === 'migrate') return
  const table = replica.repo.tableNamed(change.type)
  const known = ids.get(change.entityId) ?? change.entityId
  const registers = currentRegisters(table, change)
  if (change.kind !== 'create') {
    writer.write(table, knownId(replica, table, known), { kind: change.kind, registers })
    return
  }
  if (table.row(known)) {
    if (registers.regs.names.length > 0) writer.write(table, known, { kind: 'update', registers })
    return
  }
  // Writes require a ready replica, which has an identity.
  const identity = replica.identity!
  const isOwn =
    table.entity.options.idPolicy === 'supplied' || held.authorId === identity.session.authorId
  const stays = isOwn && !isTaken(replica, change.entityId)
  const id = stays ? change.entityId : mintedId(replica)
  ids.set(change.entityId, id)
  if (stays) replica.writing.minted.note(id, held.sessionId)
  writer.write(table, id, { kind: 'create', registers })
}

/** The values, translated to the version that this build writes. */
function currentRegisters(
  { entity, reader, registers }: Table,
  { kind, values, version }: HeldChange,
): Registers {
  const current: Record<string, Json> = {}
  for (const [reg, value] of Object.entries(values)) {
    const seen = reader.lenses.path(reg, version, entity.currentVersion).translate(value)
    if (seen.kind === 'value') current[reg] = seen.value
    else if (seen.kind === 'unset') current[reg] = UNSET
    else if (seen.kind !== 'absent')
      throw new CountersignError(
        'needs_upgrade',
        `${entity.name}: a value of version ${version} cannot be translated to version ${entity.currentVersion}`,
        { entity: entity.name, field: fieldName(reg, reader) },
      )
  }
  // A creation of an older version lacks fields that later versions added.
  if (kind === 'create' && version < entity.currentVersion) {
    for (const { reg, merging } of entity.fields.values()) {
      const added =
        merging || entity.assigns(reg)
          ? undefined
          : reader.lenses.defaultOf(reg, entity.currentVersion)
      if (current[reg] === undefined && added !== undefined) current[reg] = added
    }
  }
  return { regs: registers.set(Object.keys(current).sort()), values: current }
}
