import { describe, expect, test } from 'vitest'
import { Issue as LastYears } from '../last-year/issue.ts'
import { Issue, statuses } from './issue.ts'

/** What one build wrote to a register, as the other reads it. */
const seen = (reg: string, value: string | boolean | number, [from, to]: readonly number[]) =>
  Issue.lenses.path(reg, from!, to!).translate(value)

describe('two builds: last year’s app and today’s', () => {
  test('last year’s app declares version 1 and nothing else', () => {
    expect([LastYears.currentVersion, Issue.currentVersion]).toEqual([1, 2])
    expect([...LastYears.fields.keys()].toSorted()).toEqual(
      ['assignee', 'done', 'notes', 'rank', 'title'].toSorted(),
    )
  })

  test('a status is a tick to last year’s app, and only done has it', () => {
    const ticks = statuses.map((status) => seen('done', status, [2, 1]))
    expect(ticks).toEqual([false, false, true].map((value) => ({ kind: 'value', value })))
  })

  test('a tick is a status today: open or done', () => {
    const read = [false, true].map((tick) => seen('done', tick, [1, 2]))
    expect(read).toEqual(['open', 'done'].map((value) => ({ kind: 'value', value })))
  })

  test('last year’s app may write each of its fields while today’s is in use', () => {
    const registers = [...LastYears.fields.values()].map(({ reg }) => reg)
    const faults = registers.map((reg) => Issue.lenses.writeFault(reg, 1, 2))
    expect(faults).toEqual(registers.map(() => undefined))
  })

  test('points are not there for last year’s app, so it cannot touch them', () => {
    expect(seen('points', 5, [2, 1])).toEqual({ kind: 'absent' })
    expect(Issue.lenses.writeFault('points', 1, 2)).toMatch(/no register points/)
    expect(Issue.lenses.defaultOf('points', 2)).toBe(0)
  })
})
