/**
 * One person's view of the board, with a store. Two panes on a page are two people who share only the
 * reviewer.
 */
import { SyncProvider, useSyncStatus } from '@countersign/react'
import type { CSSProperties, ReactNode } from 'react'
import { personOf } from '../model/people.ts'
import type { Session } from '../session/sessions.ts'
import { FailureBoundary } from './FailureBoundary.tsx'
import { LoadingPane } from './LoadingPane.tsx'
import { NoticesProvider } from './NoticesProvider.tsx'
import { useReady } from './useReady.ts'
import { Workspace } from './Workspace.tsx'

export function Pane({ session }: { session: Session }) {
  return (
    <SyncProvider store={session.store}>
      <PaneFrame seat={session.seat}>
        <FailureBoundary>
          <NoticesProvider>
            <WhenReady session={session} />
          </NoticesProvider>
        </FailureBoundary>
      </PaneFrame>
    </SyncProvider>
  )
}

function PaneFrame({ seat, children }: { seat: Session['seat']; children: ReactNode }) {
  const author = useSyncStatus((status) => status.authorId)
  const who = author === undefined ? '' : `, ${personOf(author).name}`
  return (
    <section
      className="pane"
      data-seat={seat}
      style={author === undefined ? {} : ({ '--hue': personOf(author).hue } as CSSProperties)}
      aria-label={`${seat === 'first' ? 'Your board' : 'Second person'}${who}`}
    >
      {children}
    </section>
  )
}

function WhenReady({ session }: { session: Session }) {
  return useReady() ? <Workspace session={session} /> : <LoadingPane />
}
