/** Commands for a card, with announcements for screen readers. */
import { useSyncStore } from '@countersign/react'
import { useMemo } from 'react'
import type { Filter } from '../model/filter.ts'
import { Issue, type IssueRow, statusNames } from '../model/issue.ts'
import { useNotices } from '../pane/notices.ts'
import { type Direction, type Place, moveTo, stepFrom } from './moves.ts'

export interface Moves {
  readonly step: (row: IssueRow, direction: Direction) => void
  readonly drop: (id: string, place: Place) => void
}

const edges: Readonly<Record<Direction, string>> = {
  up: 'already at the top',
  down: 'already at the bottom',
  left: 'already in the first column',
  right: 'already in the last column',
}

export function useMoves(filter: Filter): Moves {
  const store = useSyncStore()
  const { announce, attempt } = useNotices()
  return useMemo(() => {
    const move = (row: IssueRow, place: Place): void => {
      const count = attempt(() => moveTo(store, filter, row, place))
      if (count === undefined) return
      const where = `${statusNames[place.status]}, place ${place.index + 1} of ${count}`
      announce(`${row.title}: moved to ${where}`)
    }
    return {
      step(row, direction) {
        const place = stepFrom(store, filter, row, direction)
        if (place) move(row, place)
        else announce(`${row.title}: ${edges[direction]}`)
      },
      drop(id, place) {
        // It may have been archived during the drag.
        const row = store.read(Issue, id)
        if (row) move(row, place)
        else announce('This issue is not on the board any more')
      },
    }
  }, [store, filter, announce, attempt])
}

/** Archives an issue, with an undo toast, or restores it; used by board, list and drawer. */
export function useArchive(): (row: IssueRow) => void {
  const store = useSyncStore()
  const { toast, attempt } = useNotices()
  return (row) => {
    const restore = (): unknown => attempt(() => store.restore(Issue, row.id))
    if (row.$archived) {
      if (restore()) toast(`Restored: ${row.title}`)
    } else if (attempt(() => store.archive(Issue, row.id))) {
      toast(`Archived: ${row.title}`, restore)
    }
  }
}
