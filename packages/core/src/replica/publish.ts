/** Publishes the versions of this build, once it knows what the space has. */
import { SCHEMA } from '../schema/system.ts'
import type { Replica } from './replica.ts'
import type { Writer } from './writer.ts'

/**
 * One message a type. A refusal is quiet: another build was there first, and what it says of the
 * version is learnt like anything else.
 */
export function publishWhenOnline(replica: Replica, writer: Writer): void {
  const table = replica.repo.table(SCHEMA)
  const { declared: regs } = table.registers
  replica.status.subscribe(({ connection, halted }, before) => {
    if (connection !== 'online' || before.connection === 'online' || halted !== undefined) return
    for (const proposals of replica.schemas.proposals()) {
      const draft = writer.begin()
      for (const { id, values } of proposals) draft.add(table, id, 'create', { regs, values })
      writer.commit(draft, { undoable: false })
    }
  })
}
