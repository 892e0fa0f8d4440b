// Owns: R5 as far as jsdom supports it: an input bound to a field shows typed text before the event
// ends, so React never writes over it and the caret stays. Real keys: input.browser.test.tsx.

import { act, cleanup, render } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterEach, expect, test } from 'vitest'
import { SyncProvider, useEntity, useSyncStore } from '../src/index.ts'
import { addIssue, Issue, openStore, tally } from './kit.ts'

afterEach(cleanup)

const keystrokes = 200

test(
  'R5 typing: 200 keystrokes, every third in the middle, keep text and caret',
  { timeout: 60_000 },
  async () => {
    const store = await openStore()
    const id = addIssue(store, '')
    const renders = tally()
    function Field(): ReactNode {
      const sync = useSyncStore()
      const title = useEntity(Issue, id, (row) => row.title)
      renders.hit('field')
      return (
        <input
          value={title ?? ''}
          onChange={(event) => sync.update(Issue, id, { title: event.target.value })}
        />
      )
    }
    const { container } = render(
      <SyncProvider store={store}>
        <Field />
      </SyncProvider>,
    )
    const input = container.querySelector('input')!
    const native = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!
    let text = ''
    for (let i = 0; i < keystrokes; i++) {
      const at = i % 3 === 2 ? Math.floor(text.length / 2) : text.length
      const key = String.fromCharCode(97 + (i % 26))
      text = text.slice(0, at) + key + text.slice(at)
      // What a browser does with a key: text and caret first, then the event.
      native.set!.call(input, text)
      input.setSelectionRange(at + 1, at + 1)
      act(() => void input.dispatchEvent(new Event('input', { bubbles: true })))
      expect([input.value, input.selectionStart]).toEqual([text, at + 1])
      // Another writer changes another field of the row.
      act(() => void store.update(Issue, id, { points: i }))
      expect([input.value, input.selectionStart]).toEqual([text, at + 1])
    }
    expect(store.read(Issue, id)).toMatchObject({ title: text, points: keystrokes - 1 })
    expect(renders.count('field')).toBe(1 + keystrokes)
  },
)
