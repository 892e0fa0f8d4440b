/** The changes of one issue, newest first, each with its author and its verdict. */
import type { HistoryEntry } from '@countersign/core'
import { type Told, didWords, told } from '../model/history.ts'
import { Issue, type IssueRow } from '../model/issue.ts'
import { type Names, reasonWords } from '../model/refusals.ts'
import { AckMark } from '../parts/AckMark.tsx'
import { Person } from '../parts/Person.tsx'
import { machineTime, when } from '../parts/when.ts'
import { useNames } from '../tray/useNames.ts'
import { useHistory } from './useHistory.ts'

export function HistoryList({ row }: { row: IssueRow }) {
  const { history, failed } = useHistory(row)
  return (
    <>
      <p role="status" className="quiet history__news">
        {failed && 'The reviewer keeps the history, and cannot be reached right now.'}
        {!failed && !history && 'Loading from the reviewer…'}
      </p>
      {history && (
        <ol className="history">
          {told(history.entries).map((one) => (
            <Line key={`${one.entry.messageId} ${one.entry.state}`} told={one} />
          ))}
        </ol>
      )}
      {history?.complete === false && <p className="quiet">Older changes are not shown.</p>}
    </>
  )
}

function Line({ told: { entry, count } }: { told: Told }) {
  const names = useNames()
  const refused = entry.state === 'rejected' || entry.state === 'blocked'
  return (
    <li className="history__one" data-refused={refused}>
      <p className="history__who">
        <Person id={entry.authorId} />
        <time className="quiet" dateTime={machineTime(entry.timestamp)}>
          {when(entry.timestamp)}
        </time>
      </p>
      <p>
        {didWords(entry)}
        {count > 1 && <span className="quiet"> (typed in {count} steps)</span>}
        {entry.version < Issue.currentVersion && (
          <span className="quiet"> in version {entry.version} of the app</span>
        )}
      </p>
      <p className="history__verdict">
        {!refused && <AckMark state={entry.state === 'accepted' ? 'canonical' : 'pending'} />}
        <span>{verdictWords(entry, names)}</span>
      </p>
    </li>
  )
}

function verdictWords(entry: HistoryEntry, names: Names): string {
  const { state, reviewerId, reason, detail, forked } = entry
  if (reason !== undefined)
    return `Refused. ${reasonWords({ reason, detail, standing: [] }, names)}`
  if (state === 'pending') return 'Not reviewed yet'
  if (state !== 'accepted') return 'Refused'
  const by = reviewerId === null ? 'Reviewed' : `Reviewed by ${names.personOf(reviewerId)}`
  return forked ? `${by}, beside another change` : by
}
