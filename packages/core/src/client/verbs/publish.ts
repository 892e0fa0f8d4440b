/** Publishes the versions of this build, once it knows what the space has. */
import { CountersignError } from '../../base/outcome.ts'
import { encodeCreate } from '../../schema/input.ts'
import { SCHEMA } from '../../schema/system.ts'
import type { Replica } from '../replica.ts'
import type { Writer } from './writer.ts'

/**
 * One message a type. A refusal is quiet: another build was there first, and what it says of the
 * version is learnt like anything else. What cannot be written is told as `schemaTrouble`, and
 * leaves the other types alone.
 */
export function publishWhenOnline(replica: Replica, writer: Writer): void {
  replica.status.subscribe(({ connection }, before) => {
    // A write changes the status, so it is not made while the status is being told.
    if (connection === 'online' && before.connection !== 'online')
      replica.soon(() => publish(replica, writer))
  })
}

function publish(replica: Replica, writer: Writer): void {
  const table = replica.repo.table(SCHEMA)
  if (replica.closed || replica.status.getState().halted !== undefined) return
  for (const { id, values } of replica.schemas.proposals()) {
    try {
      const registers = encodeCreate(SCHEMA, table.registers, values)
      writer.message((draft) => draft.add(table, id, 'create', registers), { undoable: false })
    } catch (error) {
      if (!(error instanceof CountersignError)) throw error
      replica.schemas.cannotPublish(values.type, error.message)
    }
  }
}
