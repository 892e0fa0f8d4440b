/** Signs the person of a session out; asks first where changes are unsent. */
import type { SignOutOptions, UnsentMessage } from '@countersign/core'
import { useState } from 'react'
import { type Session, sessions } from '../session/sessions.ts'
import { useNotices } from './notices.ts'

export interface SigningOut {
  /** The unsent changes while the question is open; undefined: it is not. */
  readonly unsent: readonly UnsentMessage[] | undefined
  readonly signOut: (how: SignOutOptions['unsent']) => void
  readonly cancel: () => void
}

export function useSignOut(session: Session): SigningOut {
  const [unsent, setUnsent] = useState<readonly UnsentMessage[]>()
  const { toast } = useNotices()
  return {
    unsent,
    signOut(how) {
      sessions()
        .signOut(session, how)
        .then(
          (report) => setUnsent(report.signedOut ? undefined : report.unsent),
          (error: unknown) => toast(`Still signed in: ${String(error)}`),
        )
    },
    cancel: () => setUnsent(undefined),
  }
}
