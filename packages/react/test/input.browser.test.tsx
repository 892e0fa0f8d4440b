// Owns: R5 with real keys in a real browser: 200 keystrokes into an input bound to a field, at the
// end and in the middle of the text, while another writer changes another field of the same row.

import type { ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { expect, test } from 'vitest'
import { userEvent } from 'vitest/browser'
import { SyncProvider, useEntity, useSyncStore } from '../src/index.ts'
import { addIssue, Issue, openStore } from './kit.ts'

const keystrokes = 200
const otherWriteMs = 3

test(
  'R5 typing: text and caret are right after each of 200 real keystrokes',
  { timeout: 60_000 },
  async () => {
    const store = await openStore()
    const id = addIssue(store, '')
    function Field(): ReactNode {
      const sync = useSyncStore()
      const row = useEntity(Issue, id)
      return (
        <label>
          {row?.points}
          <input
            value={row?.title ?? ''}
            onChange={(event) => sync.update(Issue, id, { title: event.target.value })}
          />
        </label>
      )
    }
    const container = document.body.appendChild(document.createElement('div'))
    const root = createRoot(container)
    root.render(
      <SyncProvider store={store}>
        <Field />
      </SyncProvider>,
    )
    await expect.poll(() => container.querySelector('input')).not.toBeNull()
    const input = container.querySelector('input')!
    input.focus()
    let others = 0
    const timer = setInterval(() => store.update(Issue, id, { points: ++others }), otherWriteMs)

    let text = ''
    let caret = 0
    for (let i = 0; i < keystrokes; i++) {
      // Ten at the end, then ten from the middle on: the caret itself must carry the rest.
      if (i % 20 === 10) caret = Math.floor(text.length / 2)
      if (i % 20 === 0) caret = text.length
      if (i % 10 === 0) input.setSelectionRange(caret, caret)
      const key = String.fromCharCode(97 + (i % 26))
      await userEvent.keyboard(key)
      text = text.slice(0, caret) + key + text.slice(caret)
      caret++
      expect([input.value, input.selectionStart, input.selectionEnd]).toEqual([text, caret, caret])
    }
    clearInterval(timer)
    expect(others).toBeGreaterThan(10)
    expect(store.read(Issue, id)).toMatchObject({ title: text, points: others })
    root.unmount()
    container.remove()
  },
)
