/** The page: a bar with the name, and one pane for each open session. */
import { useSyncExternalStore } from 'react'
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
        <button
          type="button"
          className="button"
          onClick={() => (two ? all.closeSecond() : all.openSecond())}
        >
          <Icon name="people" />
          {two ? 'Close second person' : 'Second person'}
        </button>
      </header>
      <main className="page__panes" data-panes={open.length}>
        {open.map((session) => (
          <Pane key={session.seat} session={session} />
        ))}
      </main>
    </div>
  )
}
