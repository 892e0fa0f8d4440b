/** Shows and announces the notices of a pane. See notices.ts. */
import { CountersignError } from '@countersign/core'
import { type ReactNode, useCallback, useEffect, useMemo, useState } from 'react'
import { Icon } from '../parts/Icon.tsx'
import { type Notices, NoticesContext } from './notices.ts'

interface Toast {
  readonly id: number
  readonly text: string
  readonly undo: (() => void) | undefined
}

interface Toasts {
  readonly shown: readonly Toast[]
  /** The number of notices so far, which is the next id. */
  readonly count: number
}

/** Maximum visible toasts; the oldest is removed for a new one. */
const toastsMax = 3
const toastMs = 8000
/** Additional time for long texts. */
const msPerCharacter = 120

export function NoticesProvider({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState({ text: '', times: 0 })
  const [toasts, setToasts] = useState<Toasts>({ shown: [], count: 0 })

  const dismiss = useCallback(
    (id: number): void =>
      setToasts(({ shown, count }) => ({ shown: shown.filter((each) => each.id !== id), count })),
    [],
  )

  const notices = useMemo<Notices>(() => {
    const add = (toast: Omit<Toast, 'id'>, stays: (shown: Toast) => boolean): void =>
      setToasts(({ shown, count }) => ({
        shown: [...shown.filter(stays), { id: count, ...toast }].slice(-toastsMax),
        count: count + 1,
      }))
    // A toast with the same text replaces the old one.
    const show = (text: string, undo?: () => void): void =>
      add({ text, undo }, (each) => each.text !== text)
    return {
      announce: (text) => setSaid((before) => ({ text, times: before.times + 1 })),
      toast: show,
      news: (text) => add({ text, undo: undefined }, ({ undo }) => undo === undefined),
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
        {/* Screen readers announce a repeated text only when it differs, so a space is appended. */}
        {`${said.text}${said.times % 2 === 0 ? '' : '\u00a0'}`}
      </p>
      <div role="status" className="toasts">
        {toasts.shown.map((toast) => (
          <ToastBox key={toast.id} toast={toast} onDismiss={dismiss} />
        ))}
      </div>
    </NoticesContext>
  )
}

interface ToastBoxProps {
  readonly toast: Toast
  readonly onDismiss: (id: number) => void
}

function ToastBox({ toast, onDismiss }: ToastBoxProps) {
  const { id, text, undo } = toast
  const [isHeld, setIsHeld] = useState(false)
  useEffect(() => {
    if (isHeld) return undefined
    const stayMs = Math.max(toastMs, text.length * msPerCharacter)
    const timer = setTimeout(() => onDismiss(id), stayMs)
    return () => clearTimeout(timer)
  }, [isHeld, id, text, onDismiss])
  return (
    <div
      className="toast"
      // Toasts stay while the pointer is on them.
      onPointerEnter={() => setIsHeld(true)}
      onPointerLeave={() => setIsHeld(false)}
      onFocus={() => setIsHeld(true)}
      onBlur={() => setIsHeld(false)}
    >
      <p>{text}</p>
      {undo && (
        <button
          type="button"
          className="toast__undo"
          onClick={() => {
            undo()
            onDismiss(id)
          }}
        >
          Undo
        </button>
      )}
      <button
        type="button"
        className="toast__close"
        aria-label="Dismiss"
        onClick={() => onDismiss(id)}
      >
        <Icon name="close" />
      </button>
    </div>
  )
}
