/**
 * A text that one person types while others may change it.
 *
 * Decided: while the field has the focus it shows the draft, which belongs to this input alone.
 * Each keystroke is written to the store at once, so nothing typed can be lost and every other
 * place on screen follows. What somebody else writes meanwhile never replaces the draft and
 * never moves the caret: it is named below the field. Typing on is then an answer to it, for the
 * next write knows of theirs; leaving the field without typing lets theirs stand. So after a
 * blur the field always shows the true value of the store.
 *
 * A draft that the type refuses (an empty title) stays a draft: it is not written, the reason
 * stands below the field, and a blur brings the last good value back.
 */
import { useState } from 'react'

interface Typing {
  readonly text: string
  /** The store's value that this draft knows of: from the focus, or written by it since. */
  readonly seen: string
  readonly fault: string | undefined
}

export interface Draft {
  readonly shown: string
  /** What somebody else made of the value since the draft last touched it. */
  readonly theirs: string | undefined
  readonly fault: string | undefined
  readonly onFocus: () => void
  readonly onChange: (text: string) => void
  readonly onBlur: () => void
}

/** @param write stores the text; returns what is wrong with it when it was refused. */
export function useDraft(value: string, write: (text: string) => string | undefined): Draft {
  const [typing, setTyping] = useState<Typing>()
  return {
    shown: typing?.text ?? value,
    theirs: typing !== undefined && value !== typing.seen ? value : undefined,
    fault: typing?.fault,
    onFocus: () => setTyping({ text: value, seen: value, fault: undefined }),
    onChange: (text) => {
      const fault = write(text)
      setTyping({ text, fault, seen: fault === undefined ? text : (typing?.seen ?? value) })
    },
    onBlur: () => setTyping(undefined),
  }
}
