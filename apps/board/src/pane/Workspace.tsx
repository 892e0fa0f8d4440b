/** The content of a pane whose store is ready: the view, its filter, and open dialogs. */
import { useCallback, useRef, useState } from 'react'
import { StatusBar } from '../bar/StatusBar.tsx'
import { Board } from '../board/Board.tsx'
import { ConflictDialog } from '../conflicts/ConflictDialog.tsx'
import { ResolveConflicts } from '../conflicts/resolving.ts'
import { ImportDialog } from '../dialogs/ImportDialog.tsx'
import { NewIssueDialog } from '../dialogs/NewIssueDialog.tsx'
import { Drawer } from '../drawer/Drawer.tsx'
import { IssueTable } from '../list/IssueTable.tsx'
import { type Filter, noFilter } from '../model/filter.ts'
import type { Status } from '../model/issue.ts'
import type { Session } from '../session/sessions.ts'
import { useRefusalNews } from '../tray/useRefusalNews.ts'
import { PartBoundary } from '../parts/PartBoundary.tsx'
import { FilterBar } from './FilterBar.tsx'
import { StoreTrouble } from './StoreTrouble.tsx'
import { Toolbar } from './Toolbar.tsx'
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
        {openId !== undefined && (
          <PartBoundary
            key={openId}
            what="This issue"
            as="aside"
            className="drawer"
            onClose={closeDrawer}
          >
            <Drawer id={openId} onClose={closeDrawer} />
          </PartBoundary>
        )}
      </div>
      <StatusBar session={session} />
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
