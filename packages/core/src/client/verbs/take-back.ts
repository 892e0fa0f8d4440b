/** Undo and redo as messages: writes the inverse from `undo.ts` in one transaction. */
import type { Replica } from '../replica.ts'
import type { UndoReport } from '../store.ts'
import type { Writer } from './writer.ts'

/**
 * Writes the inverse of the last undoable message, or of the last undo, as one message; undefined
 * where there is none.
 */
export function takeBack(
  direction: 'undo' | 'redo',
  { undo, identity }: Replica,
  writer: Writer,
): UndoReport | undefined {
  writer.assertNotWriting(direction)
  // Writes require a ready replica, which has an identity.
  return undo.take(direction, identity!.session.authorId, ({ writes, skipped }) => {
    const { receipt } = writer.transact(() => {
      for (const { table, id, values } of writes) {
        const registers = { regs: table.registers.set(Object.keys(values).sort()), values }
        writer.write(table, id, { kind: 'update', registers })
      }
    })
    return { receipt, skipped }
  })
}
