/** Lists unsent changes when a person signs out, and asks whether they stay on this device. */
import type { UnsentMessage } from '@countersign/core'
import { wantWords } from '../model/refusals.ts'
import { Dialog } from '../parts/Dialog.tsx'
import { useNames } from '../tray/useNames.ts'

interface SignOutDialogProps {
  readonly name: string
  readonly unsent: readonly UnsentMessage[]
  readonly onKeep: () => void
  readonly onDiscard: () => void
  readonly onClose: () => void
}

const shownMax = 6

export function SignOutDialog({ name, unsent, onKeep, onDiscard, onClose }: SignOutDialogProps) {
  const names = useNames()
  const wants = unsent.flatMap(({ state, changes }) =>
    changes.map((change) => {
      const words = wantWords(change, names)
      return state === 'waiting' ? words : `${words} (rejected)`
    }),
  )
  const more = wants.length - shownMax
  return (
    <Dialog title="Unsent changes" onClose={onClose}>
      <p>These changes are on this device only:</p>
      <ul className="unsent" data-part="unsent">
        {wants.slice(0, shownMax).map((words, at) => (
          <li key={at}>{words}</li>
        ))}
      </ul>
      {more > 0 && <p className="quiet">and {more} more</p>}
      <footer className="dialog__foot">
        <button type="button" className="button" onClick={onDiscard}>
          Throw away
        </button>
        <span className="statusbar__space" />
        <button type="button" className="button" onClick={onClose}>
          Stay signed in
        </button>
        <button type="button" className="button button--main" onClick={onKeep}>
          Keep here for {name}
        </button>
      </footer>
    </Dialog>
  )
}
