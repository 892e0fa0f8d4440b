/** The page of last year's app: an introduction, the list, and the current status bar. */
import { SyncProvider, useSyncStatus } from '@countersign/react'
import { OwnName } from '../bar/OwnName.tsx'
import { StatusBar } from '../bar/StatusBar.tsx'
import { personOf } from '../model/people.ts'
import { FailureBoundary } from '../pane/FailureBoundary.tsx'
import { NoticesProvider } from '../pane/NoticesProvider.tsx'
import { StoreTrouble } from '../pane/StoreTrouble.tsx'
import { useReady } from '../pane/useReady.ts'
import { Icon } from '../parts/Icon.tsx'
import { IssueList } from './IssueList.tsx'
import { type ListSession, listSession } from './session.ts'

export function App() {
  return (
    <FailureBoundary>
      <Page />
    </FailureBoundary>
  )
}

function Page() {
  const session = listSession()
  return (
    <div className="page page--last-year">
      <header className="page__bar">
        <Icon name="list" className="page__mark" />
        <div className="page__name">
          <h1 className="page__title">Countersign list</h1>
          <p className="page__build">Last year’s app: version 1</p>
        </div>
        <a className="button" href="/">
          <Icon name="board" />
          Today’s board
        </a>
      </header>
      <main className="page__panes">
        <SyncProvider store={session.store}>
          <Pane session={session} />
        </SyncProvider>
      </main>
    </div>
  )
}

function Pane({ session }: { session: ListSession }) {
  const author = useSyncStatus((status) => status.authorId)
  return (
    <section
      className="pane"
      data-seat="last-year"
      aria-label={author === undefined ? 'Your list' : `Your list, ${personOf(author).name}`}
    >
      <FailureBoundary>
        <NoticesProvider>
          <StoreTrouble />
          <WhenReady />
          <StatusBar session={session} myself={<OwnName />} />
        </NoticesProvider>
      </FailureBoundary>
    </section>
  )
}

function WhenReady() {
  if (useReady()) return <IssueList />
  return (
    <p className="lines blank" role="status">
      Opening the list…
    </p>
  )
}
