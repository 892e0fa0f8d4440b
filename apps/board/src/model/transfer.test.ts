import { describe, expect, test } from 'vitest'
import type { IssueRow } from './issue.ts'
import { fileBytesMax, parseFile, toFile, toInputs } from './transfer.ts'

const row = (fields: Partial<IssueRow>): IssueRow =>
  ({
    id: 'x',
    title: 'A',
    status: 'open',
    points: 1,
    assignee: '',
    notes: '',
    rank: 'a0',
    $archived: false,
    ...fields,
  }) as IssueRow

const faults = (text: string): readonly string[] => {
  const parsed = parseFile(text)
  return parsed.ok ? [] : parsed.faults
}

describe('transfer', () => {
  test('an export comes back as it was', () => {
    const rows = [
      row({ title: 'A', points: 3 }),
      row({ title: 'B', status: 'done', $archived: true }),
    ]
    const parsed = parseFile(toFile(rows, '2026-01-01T00:00:00.000Z'))
    expect(parsed).toEqual({
      ok: true,
      issues: [
        { title: 'A', status: 'open', points: 3, assignee: '', notes: '', archived: false },
        { title: 'B', status: 'done', points: 1, assignee: '', notes: '', archived: true },
      ],
    })
  })

  test('a plain list needs titles and nothing else; unknown keys are left out', () => {
    const parsed = parseFile('[{ "title": "A", "id": 7, "$author": "me" }]')
    expect(parsed.ok && parsed.issues[0]).toEqual({
      title: 'A',
      status: 'open',
      points: 0,
      assignee: '',
      notes: '',
      archived: false,
    })
  })

  test('a bad file gets an error with the place', () => {
    expect(faults('{ oh no')).toEqual(['This is not JSON.'])
    expect(faults('[]')).toEqual(['There are no issues in it.'])
    expect(faults('{"hello":1}')[0]).toMatch(/neither an export/)
    expect(faults('{"format":"countersign-board","version":2,"issues":[]}')[0]).toMatch(/newer/)
    expect(faults('{"format":"countersign-board","version":1}')[0]).toMatch(/no list/)
    expect(faults('"'.padEnd(fileBytesMax + 1))[0]).toMatch(/too large/)
    expect(faults('[1,{"points":2},{"title":" "},{"title":"A","points":14}]')).toEqual([
      'Issue 1: is not an object.',
      'Issue 2: has no title.',
      'Issue 3: an issue needs a title.',
      'Issue 4: points go from 0 to 13.',
    ])
    expect(
      faults('[{"title":"A","points":1.5},{"title":7},{"title":"A","status":"late"}]'),
    ).toEqual([
      'Issue 1: points are a whole number.',
      'Issue 2: title has the wrong type.',
      'Issue 3: a status is open, doing or done.',
    ])
  })

  test('of many faults the first are named, the rest counted', () => {
    const said = faults(JSON.stringify(Array.from({ length: 9 }, () => ({}))))
    expect(said).toHaveLength(6)
    expect(said[5]).toBe('… and 4 more.')
  })

  test('imported issues go below those of their column, in the order of the file', () => {
    const parsed = parseFile('[{"title":"A"},{"title":"B","status":"done"},{"title":"C"}]')
    const open = [{ id: '1', rank: 'a5' }]
    const inputs = parsed.ok ? toInputs(parsed.issues, { open, doing: [], done: [] }) : []
    expect(inputs.map(({ title, rank }) => [title, rank])).toEqual([
      ['A', 'a6'],
      ['B', 'a0'],
      ['C', 'a7'],
    ])
  })
})
