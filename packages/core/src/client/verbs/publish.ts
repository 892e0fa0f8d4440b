/** Publishes the schema versions of this build, once it knows the versions of the space. */
import { CountersignError } from '../../base/outcome.ts'
import { encodeCreate } from '../../schema/input.ts'
import { SCHEMA } from '../../schema/system.ts'
import type { Replica } from '../replica.ts'
import type { Writer } from './writer.ts'

/** Of a login without the capability. */
const WITHHELD = 'this person may not publish here (the capability publish is withheld)'

/**
 * Writes one message a type whenever the store comes online, if the person may publish. A rejection is
 * ignored: another build published the version first, and its row arrives like any other. A version
 * that cannot be written sets `schemaTrouble`; other types are published anyway.
 */
export function publishWhenOnline(replica: Replica, writer: Writer): void {
  replica.status.subscribe(({ connection }, before) => {
    // Deferred: the write changes the status, which is notifying its subscribers now.
    if (connection === 'online' && before.connection !== 'online')
      replica.clock.soon(() => publish(replica, writer))
  })
}

function publish(replica: Replica, writer: Writer): void {
  const table = replica.repo.table(SCHEMA)
  const { halted, capabilities } = replica.status.getState()
  if (replica.closed || halted !== undefined || !capabilities) return
  const troubles = new Map<string, string>()
  for (const { id, values } of replica.schemas.proposals()) {
    if (!capabilities.includes('publish')) {
      troubles.set(values.type, WITHHELD)
      continue
    }
    try {
      const registers = encodeCreate(SCHEMA, table.registers, values)
      writer.message((draft) => draft.add(table, id, 'create', registers), { undoable: false })
    } catch (error) {
      if (!(error instanceof CountersignError)) throw error
      troubles.set(values.type, error.message)
    }
  }
  replica.schemas.cannotPublish(troubles)
}
