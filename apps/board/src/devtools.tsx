/** The devtools of this page: a button in its head, with a store picker while two stores are open. */
import { CountersignDevtools } from '@countersign/devtools'
import type { Session } from './session/sessions.ts'
import './devtools.css'

const names: Readonly<Record<Session['seat'], string>> = {
  first: 'Your board',
  second: 'Second person',
}

export function Devtools({ sessions: [first, ...others] }: { sessions: readonly Session[] }) {
  if (!first) return null
  return (
    <div className="devtools">
      <CountersignDevtools
        store={first.store}
        faults={first.faults}
        label={names[first.seat]}
        others={others.map(({ seat, store, faults }) => ({ label: names[seat], store, faults }))}
      />
    </div>
  )
}
