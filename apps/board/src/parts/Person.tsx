/** An author or a reviewer: a coloured disc, and the name where there is room. */
import { useMe } from '@countersign/react'
import type { CSSProperties } from 'react'
import { personOf } from '../model/people.ts'

interface PersonProps {
  readonly id: string
  readonly discOnly?: boolean
}

export function Person({ id, discOnly = false }: PersonProps) {
  const name = usePersonName(id)
  const { initials, hue } = personOf(id)
  return (
    <span className="person" title={`${name} (${personOf(id).name}, ${id})`}>
      <span className="person__disc" style={{ '--hue': hue } as CSSProperties} aria-hidden="true">
        {initials}
      </span>
      <span className={discOnly ? 'unseen' : 'person__name'}>{name}</span>
    </span>
  )
}

/** The name of an author in this session: `you` for its own, on any device. */
export function usePersonName(id: string): string {
  const isMine = useMe((me) => id === me.authorId || me.aliases.includes(id))
  return isMine ? 'you' : personOf(id).name
}
