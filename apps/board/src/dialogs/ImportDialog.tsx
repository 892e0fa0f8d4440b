/** Imports issues from a file or from pasted text: validates at once, and writes on confirmation. */
import { useMemo, useState } from 'react'
import { fileBytesMax, parseFile } from '../model/transfer.ts'
import { Dialog } from '../parts/Dialog.tsx'
import { ImportFindings } from './ImportFindings.tsx'
import { useImport } from './useImport.ts'

export function ImportDialog({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('')
  const [unread, setUnread] = useState<string>()
  const parsed = useMemo(() => (text.trim() === '' ? undefined : parseFile(text)), [text])
  const { progress, run, stop } = useImport(onClose)

  const read = async (file: File | undefined): Promise<void> => {
    if (!file) return
    setText('')
    if (file.size > fileBytesMax) return setUnread('This file is too large: 5 MB at the most.')
    try {
      setText(await file.text())
      setUnread(undefined)
    } catch {
      setUnread('This file cannot be read.')
    }
  }
  const close = (): void => {
    stop()
    onClose()
  }

  return (
    <Dialog title="Import issues" onClose={close}>
      <div className="form">
        <p className="quiet">
          An export of this board, or a list: <code>{'[{ "title": "…", "points": 3 }]'}</code>. All
          are imported as new issues, below the existing ones.
        </p>
        <label className="form__row">
          File
          <input
            type="file"
            accept=".json,application/json"
            onChange={(event) => void read(event.target.files?.[0])}
          />
        </label>
        <label className="form__row">
          Or paste JSON
          <textarea
            rows={6}
            value={text}
            spellCheck={false}
            onChange={(event) => {
              setText(event.target.value)
              setUnread(undefined)
            }}
          />
        </label>
        <ImportFindings
          parsed={unread === undefined ? parsed : { ok: false, faults: [unread] }}
          progress={progress}
        />
        <footer className="dialog__foot">
          <button type="button" className="button" onClick={close}>
            {progress ? 'Stop' : 'Cancel'}
          </button>
          <button
            type="button"
            className="button button--main"
            disabled={!parsed?.ok || progress !== undefined}
            onClick={() => parsed?.ok && void run(parsed.issues)}
          >
            {parsed?.ok ? `Import ${parsed.issues.length}` : 'Import'}
          </button>
        </footer>
      </div>
    </Dialog>
  )
}
