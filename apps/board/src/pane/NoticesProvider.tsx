/** Shows and speaks the notices of a pane. See notices.ts. */
import { CountersignError } from '@countersign/core'
import { type ReactNode, useEffect, useMemo, useState } from 'react'
import { Icon } from '../parts/Icon.tsx'
import { type Notices, NoticesContext } from './notices.ts'

interface Toast {
  readonly text: string
  readonly undo: (() => void) | undefined
}

const toastMs = 8000

export function NoticesProvider({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState({ text: '', times: 0 })
  const [toast, setToast] = useState<Toast>()

  useEffect(() => {
    if (!toast) return undefined
    const timer = setTimeout(() => setToast(undefined), toastMs)
    return () => clearTimeout(timer)
  }, [toast])

  const notices = useMemo<Notices>(() => {
    const show = (text: string, undo?: () => void): void => setToast({ text, undo })
    return {
      announce: (text) => setSaid((before) => ({ text, times: before.times + 1 })),
      toast: show,
      attempt(write) {
        try {
          return write()
        } catch (error) {
          if (!(error instanceof CountersignError)) throw error
          show(`Nothing was changed: ${error.reason ?? error.message}`)
          return undefined
        }
      },
    }
  }, [])

  return (
    <NoticesContext value={notices}>
      {children}
      <p role="status" className="unseen" data-announcer>
        {/* The same news twice is said twice only when the text differs. */}
        {`${said.text}${said.times % 2 === 0 ? '' : '\u00a0'}`}
      </p>
      <div role="status" className="toasts">
        {toast && <ToastBox toast={toast} onDone={() => setToast(undefined)} />}
      </div>
    </NoticesContext>
  )
}

function ToastBox({ toast, onDone }: { toast: Toast; onDone: () => void }) {
  const { text, undo } = toast
  return (
    <div className="toast">
      <p>{text}</p>
      {undo && (
        <button
          type="button"
          className="toast__undo"
          onClick={() => {
            undo()
            onDone()
          }}
        >
          Undo
        </button>
      )}
      <button type="button" className="toast__close" aria-label="Dismiss" onClick={onDone}>
        <Icon name="close" />
      </button>
    </div>
  )
}
