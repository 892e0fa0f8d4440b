/**
 * Writes validated issues through `store.import`, which splits them into messages and yields to the
 * page in between. Closing the dialog stops after the current slice.
 */
import { CountersignError, type SyncStore } from '@countersign/core'
import { useSyncStore } from '@countersign/react'
import { useRef, useState } from 'react'
import { readColumn } from '../board/moves.ts'
import { noFilter } from '../model/filter.ts'
import { Issue } from '../model/issue.ts'
import { type FileIssue, toInputs } from '../model/transfer.ts'
import { useNotices } from '../pane/notices.ts'
import { counted } from './counted.ts'

export interface ImportProgress {
  readonly done: number
  readonly all: number
}

export interface Importer {
  readonly progress: ImportProgress | undefined
  readonly run: (issues: readonly FileIssue[]) => Promise<void>
  readonly stop: () => void
}

export function useImport(onDone: () => void): Importer {
  const store = useSyncStore()
  const { toast } = useNotices()
  const [progress, setProgress] = useState<ImportProgress>()
  const quit = useRef(new AbortController())

  const run = async (issues: readonly FileIssue[]): Promise<void> => {
    setProgress({ done: 0, all: issues.length })
    const columns = {
      open: readColumn(store, noFilter, 'open'),
      doing: readColumn(store, noFilter, 'doing'),
      done: readColumn(store, noFilter, 'done'),
    }
    const [active, archived] = [false, true].map((wanted) =>
      toInputs(
        issues.filter((issue) => issue.archived === wanted),
        columns,
      ),
    ) as [Inputs, Inputs]
    try {
      const { rows } = await store.import(Issue, active, {
        onProgress: (done) => setProgress({ done, all: issues.length }),
        signal: quit.current.signal,
      })
      if (rows < active.length) toast(`Stopped after ${counted(rows)}`)
      else {
        importArchived(store, archived)
        toast(`Imported ${counted(issues.length)}`)
      }
    } catch (error) {
      if (!(error instanceof CountersignError)) throw error
      toast(`The import stopped: ${error.message}`)
    }
    onDone()
  }
  return { progress, run, stop: () => quit.current.abort() }
}

type Inputs = ReturnType<typeof toInputs>

/** Issues of one message; a message has at most 4,096 changes. */
const sliceRows = 100

/** Creates and archives issues in one message each slice, because `import` cannot create archived rows. */
function importArchived(store: SyncStore, inputs: Inputs): void {
  for (let from = 0; from < inputs.length; from += sliceRows) {
    store.transact(() => {
      for (const input of inputs.slice(from, from + sliceRows)) {
        store.archive(Issue, store.create(Issue, input).id)
      }
    })
  }
}
