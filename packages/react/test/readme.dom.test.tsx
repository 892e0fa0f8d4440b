// Owns: the example in the README. It is this folder's example.tsx, letter by letter but for
// the name of the package, and it works.

import { createSyncStore } from '@countersign/core'
import { act, cleanup, fireEvent, render } from '@testing-library/react'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, expect, onTestFinished, test } from 'vitest'
import { SyncProvider } from '../src/index.ts'
import { app, Issue, store } from './example.tsx'
import { Person, Task, Tasks } from './include-example.tsx'
import { Board } from './pages-example.tsx'

afterEach(cleanup)

const codeLinesMax = 20

test('README: the example is the file that runs, and 20 lines long', () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
  const file = readFileSync(join(import.meta.dirname, 'example.tsx'), 'utf8')
  const example = file.replace('../src/index.ts', '@countersign/react')
  expect(/```tsx\n(.*?)```/s.exec(readme)?.[1]).toBe(example)
  const codeLines = example.split('\n').filter((line) => line !== '')
  expect(codeLines.length).toBeLessThanOrEqual(codeLinesMax)
})

afterAll(() => store.close())

test('README: the example shows open issues, and typing into one writes it', async () => {
  await store.ready
  const { id } = store.create(Issue, { title: 'Write the README', done: false })
  const { container } = render(app)
  const input = container.querySelector('input')!
  expect(input.value).toBe('Write the README')
  fireEvent.change(input, { target: { value: 'Read the README' } })
  expect(input.value).toBe('Read the README')
  expect(store.read(Issue, id)?.title).toBe('Read the README')
  act(() => void store.update(Issue, id, { done: true }))
  expect(container.querySelector('input')).toBeNull()
})

test('README: the list of pages is the file that runs, and it grows', async () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
  const file = readFileSync(join(import.meta.dirname, 'pages-example.tsx'), 'utf8')
  const [, , shown] = readme.split('```tsx\n')
  expect(shown?.split('```')[0]).toBe(file.slice(file.indexOf('export function')))
  await store.ready
  store.transact(() => {
    for (let n = 10; n < 35; n++) store.create(Issue, { title: `t${n}`, done: true })
  })
  const { container } = render(
    <SyncProvider store={store}>
      <Board />
    </SyncProvider>,
  )
  const count = (): number => container.querySelectorAll('input').length
  expect(count()).toBe(20)
  fireEvent.click(container.querySelector('button')!)
  expect(count()).toBe(store.query(Issue).rows.length)
  expect(container.querySelector('button')).toBeNull()
})

test('README: the rows with references are the file that runs, and they name who is there', async () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
  const file = readFileSync(join(import.meta.dirname, 'include-example.tsx'), 'utf8')
  const [, , , shown] = readme.split('```tsx\n')
  expect(shown?.split('```')[0]).toBe(file.slice(file.indexOf('export const Person')))
  const tasks = createSyncStore({
    ...{ server: true, space: crypto.randomUUID(), entities: [Person, Task] },
  })
  onTestFinished(() => tasks.close())
  await tasks.ready
  const author = tasks.create(Person, { name: 'Ann' }).id
  tasks.create(Task, { title: 'a', author })
  tasks.create(Task, { title: 'b', author: crypto.randomUUID() })
  tasks.create(Task, { title: 'c' })
  const { container } = render(
    <SyncProvider store={tasks}>
      <Tasks />
    </SyncProvider>,
  )
  const texts = [...container.querySelectorAll('p')].map(({ textContent }) => textContent)
  expect(texts).toEqual(['a: Ann', 'b: unknown', 'c: nobody'])
})
