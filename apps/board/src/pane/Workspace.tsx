/** The content of a pane whose store is ready: the view, its filter, and open dialogs. */
import { useCallback, useRef, useState } from 'react'
import { Myself } from '../bar/Myself.tsx'
import { StatusBar } from '../bar/StatusBar.tsx'
import { Board } from '../board/Board.tsx'
import { ConflictDialog } from '../conflicts/ConflictDialog.tsx'
import { ResolveConflicts } from '../conflicts/resolving.ts'
import { ImportDialog } from '../dialogs/ImportDialog.tsx'
import { NewIssueDialog } from '../dialogs/NewIssueDialog.tsx'
import { SignOutDialog } from '../dialogs/SignOutDialog.tsx'
import { Drawer } from '../drawer/Drawer.tsx'
import { IssueTable } from '../list/IssueTable.tsx'
import { type Filter, noFilter } from '../model/filter.ts'
import type { Status } from '../model/issue.ts'
import { nameOf } from '../model/persons.ts'
import type { Session } from '../session/sessions.ts'
import { useRefusalNews } from '../tray/useRefusalNews.ts'
import { PartBoundary } from '../parts/PartBoundary.tsx'
import { FilterBar } from './FilterBar.tsx'
import { StoreTrouble } from './StoreTrouble.tsx'
import { Toolbar } from './Toolbar.tsx'
import { type SigningOut, useSignOut } from './useSignOut.ts'
import { useUndo } from './useUndo.ts'
import { useUndoKeys } from './useUndoKeys.ts'
import { useKeptView } from './view.ts'

type Asking =
  | { readonly what: 'import' }
  | { readonly what: 'new'; readonly status: Status }
  | { readonly what: 'conflicts'; readonly id: string }

export function Workspace({ session }: { session: Session }) {
  const [view, setView] = useKeptView(session.seat)
  const [filter, setFilter] = useState<Filter>(noFilter)
  const [openId, setOpenId] = useState<string>()
  const [asking, setAsking] = useState<Asking>()
  const content = useRef<HTMLDivElement>(null)
  const take = useUndo()
  const signingOut = useSignOut(session)
  useUndoKeys(content, take)
  useRefusalNews()

  const closeDrawer = (): void => {
    setOpenId(undefined)
    // Restores the focus for keyboard users, after a frame: in a narrow pane the cards are hidden
    // while the drawer is open.
    requestAnimationFrame(() =>
      content.current?.querySelector<HTMLElement>(`[data-opens="${openId}"]`)?.focus(),
    )
  }
  const closeConflicts = (id: string): void => {
    setAsking(undefined)
    requestAnimationFrame(() => focusOn(content.current, id))
  }
  const ask = (status: Status): void => setAsking({ what: 'new', status })
  const resolve = useCallback((id: string) => setAsking({ what: 'conflicts', id }), [])
  const parts = { filter, openId, onOpen: setOpenId, onNew: ask }

  return (
    <ResolveConflicts value={resolve}>
      <StoreTrouble />
      <Toolbar
        view={view}
        onView={setView}
        text={filter.text}
        onText={(text) => setFilter({ ...filter, text })}
        onNew={() => ask('open')}
        onImport={() => setAsking({ what: 'import' })}
        onTake={take}
      >
        <FilterBar filter={filter} onFilter={setFilter} withStatus={view === 'list'} />
      </Toolbar>
      <div className="pane__content" ref={content}>
        {view === 'board' ? (
          <Board {...parts} />
        ) : (
          <IssueTable {...parts} onClear={() => setFilter(noFilter)} />
        )}
        {openId !== undefined && <OpenIssue key={openId} id={openId} onClose={closeDrawer} />}
      </div>
      <StatusBar
        session={session}
        myself={<Myself session={session} onSignOut={() => signingOut.signOut('refuse')} />}
      />
      <UnsentDialog session={session} signingOut={signingOut} />
      {asking && (
        <AskingDialog
          asking={asking}
          onClose={() => setAsking(undefined)}
          onCloseConflicts={closeConflicts}
        />
      )}
    </ResolveConflicts>
  )
}

/** Moves the focus when the button that opened the dialog is removed with the last conflict. */
function focusOn(content: HTMLElement | null, id: string): void {
  if (document.activeElement !== document.body) return
  const places = ['.drawer [data-closes]', `[data-opens="${id}"]`]
  const found = places.map((place) => content?.querySelector<HTMLElement>(place))
  found.find(Boolean)?.focus()
}

interface AskingDialogProps {
  readonly asking: Asking
  readonly onClose: () => void
  readonly onCloseConflicts: (id: string) => void
}

function AskingDialog({ asking, onClose, onCloseConflicts }: AskingDialogProps) {
  return (
    <PartBoundary key={asking.what} what="This dialog" onClose={onClose}>
      {asking.what === 'new' && <NewIssueDialog status={asking.status} onClose={onClose} />}
      {asking.what === 'import' && <ImportDialog onClose={onClose} />}
      {asking.what === 'conflicts' && (
        <ConflictDialog
          key={asking.id}
          id={asking.id}
          onClose={() => onCloseConflicts(asking.id)}
        />
      )}
    </PartBoundary>
  )
}

/** Asks whether to keep unsent work, while a person signs out. */
function UnsentDialog({ session, signingOut }: { session: Session; signingOut: SigningOut }) {
  const { unsent, signOut, cancel } = signingOut
  if (!unsent) return null
  return (
    <PartBoundary what="This dialog" onClose={cancel}>
      <SignOutDialog
        name={nameOf(session.personId ?? '')}
        unsent={unsent}
        onKeep={() => signOut('keep')}
        onDiscard={() => signOut('discard')}
        onClose={cancel}
      />
    </PartBoundary>
  )
}

function OpenIssue({ id, onClose }: { id: string; onClose: () => void }) {
  return (
    <PartBoundary what="This issue" as="aside" className="drawer" onClose={onClose}>
      <Drawer id={id} onClose={onClose} />
    </PartBoundary>
  )
}
