/** The names of the person at this pane, a new one at a click, and signing in and out. */
import { useMe, useSyncStore } from '@countersign/react'
import { useId, useState } from 'react'
import { nameOf, persons } from '../model/persons.ts'
import { personOf } from '../model/people.ts'
import { useNotices } from '../pane/notices.ts'
import { CloseSheet } from '../parts/CloseSheet.tsx'
import { useClosePopover } from '../parts/closePopover.ts'
import { type Session, sessions } from '../session/sessions.ts'

interface WhoSheetProps {
  readonly session: Session
  readonly onSignOut: () => void
}

export function WhoSheet({ session, onSignOut }: WhoSheetProps) {
  const { personId } = session
  return (
    <div className="card-sheet who">
      <h2>{personId === undefined ? 'Not signed in' : `Signed in as ${nameOf(personId)}`}</h2>
      <Names />
      {personId === undefined ? (
        <SignIn session={session} />
      ) : (
        <SignOut name={nameOf(personId)} onSignOut={onSignOut} />
      )}
      <CloseSheet />
    </div>
  )
}

function Names() {
  const { authorId, aliases } = useMe()
  const store = useSyncStore()
  const { toast } = useNotices()
  const [isAsked, setAsked] = useState(false)
  if (authorId === undefined) return null
  const rotate = async (): Promise<void> => {
    setAsked(true)
    try {
      await store.rotate()
    } catch (error) {
      toast(`The name stays: ${error instanceof Error ? error.message : String(error)}`)
    } finally {
      setAsked(false)
    }
  }
  return (
    <section className="who__names">
      <p>
        Others see you as <b data-part="seen-as">{personOf(authorId).name}</b>.
      </p>
      {aliases.length > 0 && (
        <p className="quiet" data-part="aliases">
          Your other names: {aliases.map((id) => personOf(id).name).join(', ')}. Other people cannot
          see that these are you.
        </p>
      )}
      <button type="button" className="button" disabled={isAsked} onClick={() => void rotate()}>
        {isAsked ? 'When all is sent…' : 'New name'}
      </button>
    </section>
  )
}

function SignIn({ session }: { session: Session }) {
  const [takes, setTakes] = useState(true)
  const close = useClosePopover()
  const { toast } = useNotices()
  const id = useId()
  const signIn = (personId: string): void => {
    close()
    sessions()
      .signIn(session, personId, takes)
      .catch((error: unknown) => toast(`Not signed in: ${String(error)}`))
  }
  return (
    <section className="who__sign" aria-labelledby={`${id}-sign`}>
      <h3 id={`${id}-sign`}>Sign in as</h3>
      <div className="who__persons">
        {persons.map((person) => (
          <button
            key={person.id}
            type="button"
            className="button"
            onClick={() => signIn(person.id)}
          >
            {person.name}
          </button>
        ))}
      </div>
      <label className="who__take">
        <input type="checkbox" checked={takes} onChange={() => setTakes(!takes)} />
        Take my changes along
      </label>
    </section>
  )
}

function SignOut({ name, onSignOut }: { name: string; onSignOut: () => void }) {
  const close = useClosePopover()
  return (
    <section className="who__sign">
      <p className="quiet">
        Only the reviewer sees {name}; others see the name above. Your changes on other devices are
        yours here, too.
      </p>
      <button
        type="button"
        className="button"
        onClick={() => {
          close()
          onSignOut()
        }}
      >
        Sign out
      </button>
    </section>
  )
}
