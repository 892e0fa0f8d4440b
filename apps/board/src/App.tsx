/** The page: a bar with the name, and one pane for each open session. */
import { useSyncExternalStore } from 'react'
import { Devtools } from './devtools.tsx'
import { FailureBoundary } from './pane/FailureBoundary.tsx'
import { Pane } from './pane/Pane.tsx'
import { Icon } from './parts/Icon.tsx'
import { sessions } from './session/sessions.ts'

export function App() {
  return (
    <FailureBoundary>
      <Page />
    </FailureBoundary>
  )
}

function Page() {
  const all = sessions()
  const open = useSyncExternalStore(all.subscribe, all.snapshot)
  const two = open.length > 1
  return (
    <div className="page">
      <header className="page__bar">
        <Icon name="mark" className="page__mark" />
        <h1 className="page__title">Countersign board</h1>
        <p className="page__claim">Works offline. Every change is signed, then countersigned.</p>
        <Devtools sessions={open} />
        <button
          type="button"
          className="button"
          title={two ? 'Close second person' : 'Second person'}
          onClick={() => (two ? all.closeSecond() : all.openSecond())}
        >
          <Icon name="people" />
          <span className="page__words">{two ? 'Close second person' : 'Second person'}</span>
        </button>
        <a
          className="button"
          title="The same issues in a build of last year, which stays in use"
          href="/last-year.html"
          target="_blank"
          rel="noopener"
        >
          <Icon name="clock" />
          <span className="page__words">Open last year’s app</span>
        </a>
      </header>
      <main className="page__panes" data-panes={open.length}>
        {open.map((session) => (
          <Pane key={session.key} session={session} />
        ))}
      </main>
    </div>
  )
}
