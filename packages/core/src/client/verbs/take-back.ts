/** Undo and redo as messages: what `undo.ts` says must be written, in one transaction. */
import type { Replica } from '../replica.ts'
import type { UndoReport } from '../store.ts'
import type { Writer } from './writer.ts'

/**
 * Writes what this author's last undoable message, or last undo, asks for, as one message; undefined
 * where there is none.
 */
export function takeBack(
  direction: 'undo' | 'redo',
  { undo, identity }: Replica,
  writer: Writer,
): UndoReport | undefined {
  writer.assertNotWriting(direction)
  // Only a replica that is ready writes.
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
