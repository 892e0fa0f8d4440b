/**
 * The conflicts of one issue, side by side. The choices are written as one `resolve`: of two
 * concurrent decisions the later one is rejected, and its author is notified (tray/useRefusalNews.ts).
 */
import { CountersignError } from '@countersign/core'
import { useConflicts, useSyncStore } from '@countersign/react'
import { useState } from 'react'
import { useIssue } from '../drawer/useIssue.ts'
import { type Choice, type Choices, type IssueConflict, decisionsOf } from '../model/conflicts.ts'
import { Issue } from '../model/issue.ts'
import { type Field, fieldNames, listed, quoted } from '../model/words.ts'
import { useNotices } from '../pane/notices.ts'
import { Dialog } from '../parts/Dialog.tsx'
import { sameItems } from '../parts/sameItems.ts'
import { FieldConflict } from './FieldConflict.tsx'

interface ConflictDialogProps {
  readonly id: string
  readonly onClose: () => void
}

interface Fault {
  readonly field: string | undefined
  readonly words: string
}

export function ConflictDialog({ id, onClose }: ConflictDialogProps) {
  const row = useIssue(id)
  const conflicts = useConflicts(Issue, (open) => open.filter((one) => one.id === id), sameItems)
  const { choices, decisions, fault, choose, decide } = useDecision(
    conflicts,
    row?.title ?? 'the issue',
    onClose,
  )

  return (
    <Dialog
      title={row ? `Conflicts in ${quoted(row.title)}` : 'Conflicts'}
      className="dialog--wide"
      onClose={onClose}
    >
      {conflicts.length === 0 ? (
        <Settled onClose={onClose} />
      ) : (
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault()
            decide()
          }}
        >
          <p className="quiet">
            People wrote different values at the same time. All are kept until you or another person
            chooses one.
          </p>
          {conflicts.map((conflict) => (
            <FieldConflict
              key={conflict.field}
              conflict={conflict}
              choice={choices[conflict.field]}
              fault={faultOf(conflict.field, fault)}
              onChoose={(choice) => choose(conflict.field, choice)}
            />
          ))}
          {fault && faultIsElsewhere(fault, conflicts) && (
            <p className="field__note" data-tone="bad" role="alert">
              Nothing was changed: {fault.words}
            </p>
          )}
          <footer className="dialog__foot dialog__foot--stays">
            <button type="button" className="button" onClick={onClose}>
              Later
            </button>
            <button type="submit" className="button button--main" disabled={decisions.length === 0}>
              {conflicts.length === 1
                ? 'Decide'
                : `Decide ${decisions.length} of ${conflicts.length}`}
            </button>
          </footer>
        </form>
      )}
    </Dialog>
  )
}

/** The choices so far, and the function that writes them; `onDone` is called when all conflicts are resolved. */
function useDecision(conflicts: readonly IssueConflict[], title: string, onDone: () => void) {
  const store = useSyncStore()
  const { announce } = useNotices()
  const [choices, setChoices] = useState<Choices>({})
  const [fault, setFault] = useState<Fault>()
  const decisions = decisionsOf(conflicts, choices)

  const choose = (field: Field, choice: Choice): void => {
    setChoices({ ...choices, [field]: choice })
    setFault(undefined)
  }
  const decide = (): void => {
    try {
      store.transact(() => {
        for (const { conflict, value } of decisions) conflict.resolve(value)
      })
    } catch (error) {
      if (!(error instanceof CountersignError)) throw error
      setFault({ field: error.field, words: error.reason ?? error.message })
      return
    }
    const names = listed(decisions.map(({ conflict }) => fieldNames[conflict.field]))
    announce(`Decided: ${names} of ${title}`)
    // The dialog stays open for the remaining conflicts.
    if (decisions.length === conflicts.length) onDone()
  }
  return { choices, decisions, fault, choose, decide }
}

/** Shown when the last conflict was resolved while the dialog was open. */
function Settled({ onClose }: { onClose: () => void }) {
  return (
    <div className="form">
      <p role="status">Another person has already decided. No conflict is left.</p>
      <footer className="dialog__foot">
        <button type="button" className="button button--main" onClick={onClose}>
          Close
        </button>
      </footer>
    </div>
  )
}

const faultOf = (field: Field, fault: Fault | undefined): string | undefined =>
  fault?.field === field ? fault.words : undefined

const faultIsElsewhere = (fault: Fault, conflicts: readonly IssueConflict[]): boolean =>
  conflicts.every(({ field }) => field !== fault.field)
