/** Runs the example of the README, letter by letter, against a running reviewer. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { afterAll, expect, it } from 'vitest'
import { app } from '../fixtures/readme-example.tsx'
import { running } from '../fixtures/readme-setting.ts'

afterAll(async () => {
  cleanup()
  await running.close()
})

it('the example of the README is the one that runs here', async () => {
  const readme = await readFile(resolve('README.md'), 'utf8')
  const example = await readFile(resolve('test/fixtures/readme-example.tsx'), 'utf8')
  const block = /```tsx\n([^]*?)```/.exec(readme)![1]!
  expect(example.endsWith(block)).toBe(true)
})

it('the example of the README adds a row at once, and it is countersigned', async () => {
  render(app)
  fireEvent.click(screen.getByDisplayValue('Add'))
  expect(screen.getByText(/Write it down: open/)).toBeTruthy()
  await waitFor(() => expect(screen.getByText('Write it down: open, canonical')).toBeTruthy())
  fireEvent.click(screen.getByText(/Write it down/))
  expect(screen.getByText(/Write it down: done/)).toBeTruthy()
  expect(running.reviewer.open.map(({ state }) => state.rejected)).toEqual([0])
})
