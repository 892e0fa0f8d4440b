/** The toolbar of a pane: view, search, conflicts, refused changes, and a menu of rare commands. */
import type { ReactNode } from 'react'
import { ConflictsMenu } from '../conflicts/ConflictsMenu.tsx'
import type { Way } from '../model/undoing.ts'
import { Icon } from '../parts/Icon.tsx'
import { Menu } from '../parts/Menu.tsx'
import { useExport } from '../dialogs/useExport.ts'
import { RefusedTray } from '../tray/RefusedTray.tsx'
import { UndoButtons } from './UndoButtons.tsx'
import type { View } from './view.ts'

interface ToolbarProps {
  readonly view: View
  readonly onView: (view: View) => void
  readonly text: string
  readonly onText: (text: string) => void
  readonly onNew: () => void
  readonly onImport: () => void
  readonly onTake: (way: Way) => void
  /** The filter, between the search and the commands. */
  readonly children: ReactNode
}

const views = [
  { view: 'board', label: 'Board', icon: 'board' },
  { view: 'list', label: 'List', icon: 'list' },
] as const

export function Toolbar(props: ToolbarProps) {
  const { view, onView, text, onText, onNew, onImport, onTake, children } = props
  const exportAll = useExport()
  return (
    <div className="toolbar">
      <div className="segments" role="group" aria-label="View">
        {views.map((each) => (
          <button
            key={each.view}
            type="button"
            className="segments__one"
            aria-pressed={view === each.view}
            onClick={() => onView(each.view)}
          >
            <Icon name={each.icon} />
            {each.label}
          </button>
        ))}
      </div>
      <label className="search">
        <span className="unseen">Search titles and notes</span>
        <Icon name="search" />
        <input
          type="search"
          placeholder="Search"
          value={text}
          onChange={(event) => onText(event.target.value)}
        />
      </label>
      {children}
      <span className="toolbar__space" />
      <div className="toolbar__tools">
        <UndoButtons onTake={onTake} />
        <ConflictsMenu />
        <RefusedTray />
      </div>
      <Menu
        face={<Icon name="dots" />}
        label="Import and export"
        className="button button--icon"
        items={[
          { icon: 'download', label: 'Export all as JSON', run: exportAll },
          { icon: 'upload', label: 'Import JSON…', run: onImport },
        ]}
      />
      <button type="button" className="button button--main" onClick={onNew}>
        <Icon name="plus" />
        New issue
      </button>
    </div>
  )
}
