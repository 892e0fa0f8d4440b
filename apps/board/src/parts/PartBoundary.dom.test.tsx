import { type ReactNode, act } from 'react'
import { type Root, createRoot } from 'react-dom/client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { PartBoundary } from './PartBoundary.tsx'

let root: Root

beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true)
  vi.spyOn(console, 'error').mockImplementation(() => {})
  root = createRoot(document.body.appendChild(document.createElement('main')))
})

afterEach(() => {
  act(() => root.unmount())
  document.body.replaceChildren()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

const show = (content: ReactNode): void => act(() => root.render(content))
const press = (name: string): void =>
  act(() =>
    [...document.querySelectorAll('button')]
      .find(({ textContent }) => textContent === name)!
      .click(),
  )

test('boundary: a part that throws affects no other part, and shows the error', () => {
  let broken = true
  function Part(): ReactNode {
    if (broken) throw new RangeError('Invalid time value')
    return 'the part'
  }
  const onClose = vi.fn()
  show(
    <ul>
      <PartBoundary what="This issue" as="li" onClose={onClose}>
        <Part />
      </PartBoundary>
      <li>another</li>
    </ul>,
  )
  expect(document.querySelector('li[role=alert]')!.textContent).toContain(
    'This issue cannot be shown: Invalid time value',
  )
  expect(document.body.textContent).toContain('another')
  press('Close')
  expect(onClose).toHaveBeenCalledOnce()
  broken = false
  press('Try again')
  expect(document.body.textContent).toBe('the partanother')
})
