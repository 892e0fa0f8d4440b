/**
 * A text input whose value others may change while it is edited.
 *
 * While the field has the focus it shows the draft, which is local to this input. Each keystroke is
 * written to the store, so nothing typed is lost and all other views are updated. A concurrent write
 * of another author never replaces the draft and never moves the caret: it is shown below the field.
 * If the user types on, the next write overwrites it, having seen it; if the user leaves the field
 * without typing, the other value stays. After a blur the field always shows the value of the store.
 *
 * An invalid draft (an empty title) is not written: the reason is shown below the field, and a blur
 * restores the last valid value.
 */
import { useState } from 'react'

interface Typing {
  readonly text: string
  /** The store's value at the focus, or the last value written by this draft. */
  readonly seen: string
  readonly fault: string | undefined
}

export interface Draft {
  readonly shown: string
  /** The value that another author has written since this draft's last write. */
  readonly theirs: string | undefined
  readonly fault: string | undefined
  readonly onFocus: () => void
  readonly onChange: (text: string) => void
  readonly onBlur: () => void
}

/** @param write stores the text; returns the error when it is invalid. */
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
