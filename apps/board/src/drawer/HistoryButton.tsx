/** Opens the history of an issue: its changes with author, time and verdict. */
import type { IssueRow } from '../model/issue.ts'
import { CloseSheet } from '../parts/CloseSheet.tsx'
import { Icon } from '../parts/Icon.tsx'
import { Popover } from '../parts/Popover.tsx'
import { HistoryList } from './HistoryList.tsx'

export function HistoryButton({ row }: { row: IssueRow }) {
  return (
    <Popover
      label="History"
      hint="History"
      sheetLabel="History"
      className="button button--icon"
      face={<Icon name="clock" />}
    >
      <div className="tray">
        <h2>History</h2>
        <HistoryList row={row} />
        <CloseSheet />
      </div>
    </Popover>
  )
}
