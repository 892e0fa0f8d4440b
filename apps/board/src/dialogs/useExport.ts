/** Downloads all issues, archived ones included, as a file. */
import { useSyncStore } from '@countersign/react'
import { Issue } from '../model/issue.ts'
import { toFile } from '../model/transfer.ts'
import { useNotices } from '../pane/notices.ts'
import { counted } from './counted.ts'

export function useExport(): () => void {
  const store = useSyncStore()
  const { toast } = useNotices()
  return () => {
    const { rows } = store.query(Issue, { orderBy: ['status', 'rank'], archived: 'include' })
    const now = new Date().toISOString()
    download(`issues-${now.slice(0, 10)}.json`, toFile(rows, now))
    toast(`Exported ${counted(rows.length)}`)
  }
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser reads it after the click, well within a minute.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
