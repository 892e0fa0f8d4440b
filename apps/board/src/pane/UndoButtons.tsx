/** Buttons for undo and redo. */
import { useSyncStatus } from '@countersign/react'
import type { Way } from '../model/undoing.ts'
import { Icon } from '../parts/Icon.tsx'

export function UndoButtons({ onTake }: { onTake: (way: Way) => void }) {
  const undoable = useSyncStatus((status) => status.undoable > 0)
  const redoable = useSyncStatus((status) => status.redoable > 0)
  return (
    <div className="pair" role="group" aria-label="Undo and redo">
      <Take way="undo" label="Undo" keys="Control+Z" can={undoable} onTake={onTake} />
      <Take way="redo" label="Redo" keys="Control+Shift+Z" can={redoable} onTake={onTake} />
    </div>
  )
}

interface TakeProps {
  readonly way: Way
  readonly label: string
  readonly keys: string
  readonly can: boolean
  readonly onTake: (way: Way) => void
}

function Take({ way, label, keys, can, onTake }: TakeProps) {
  return (
    <button
      type="button"
      className="button button--icon"
      aria-label={`${label} my last change`}
      aria-keyshortcuts={keys}
      title={`${label} (${keys.replace('Control', 'Ctrl')})`}
      // Not `disabled`, which would lose the focus.
      aria-disabled={!can}
      onClick={() => can && onTake(way)}
    >
      <Icon name={way} />
    </button>
  )
}
