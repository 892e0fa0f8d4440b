import { describe, expect, it } from 'vitest'
import { LiveSource, NOW, ROW, STORY, eventsOf, trace } from '../../test/fixture.ts'
import { readTrace } from './read-trace.ts'
import { dagFrom, makeTrace, shapeOf } from './trace.ts'
import { TraceSource } from './trace-source.ts'

async function made(redact: boolean) {
  const source = new LiveSource(trace())
  source.tell(eventsOf(STORY))
  return makeTrace(source, { redact, now: NOW })
}

describe('a trace', () => {
  it('holds events, messages and reviews, and is read back as it was', async () => {
    const text = JSON.stringify(await made(false))
    const read = readTrace(text)
    expect(read.ok).toBe(true)
    if (!read.ok) return
    expect(JSON.stringify(read.trace)).toBe(text)
    expect(read.trace.note).toContain('values')
    const source = new TraceSource(read.trace)
    expect(await source.ask({ kind: 'messages', which: 'own', values: true })).toHaveLength(4)
    const [row] = await source.ask({ kind: 'rows', type: 'issue' })
    expect(row).toMatchObject({ id: ROW, title: 'B', conflicts: 1, state: 'pending' })
    expect(
      await source.ask({ kind: 'rowAt', type: 'issue', id: ROW, upTo: STORY[0]!.name }),
    ).toMatchObject({
      heads: [STORY[0]!.name],
      fields: [{ reg: 'done' }, { reg: 'title', value: 'A secret title' }],
    })
    expect(source.events()).toHaveLength(eventsOf(STORY).length)
    expect(await source.run()).toMatchObject({ ok: false })
  })

  it('23: redacted, holds the shape of every value and none of its text', async () => {
    const redacted = await made(true)
    const text = JSON.stringify(redacted)
    for (const { changes, refusal } of STORY) {
      for (const value of changes.flatMap(({ values }) => values ?? []))
        if (typeof value === 'string' && value.length > 1) expect(text).not.toContain(value)
      if (refusal?.detail) expect(text).not.toContain(refusal.detail)
    }
    expect(redacted).toMatchObject({ values: false, note: expect.stringContaining('No values') })
    expect(text).toContain('text of 14')
    expect(readTrace(text).ok).toBe(true)
    expect([
      shapeOf(null),
      shapeOf([1, 2]),
      shapeOf({ a: 1 }),
      shapeOf(7),
      shapeOf({ $unset: true }),
    ]).toEqual([
      null,
      { redacted: 'list of 2' },
      { redacted: 'object of 1' },
      { redacted: 'number' },
      { $unset: true },
    ])
  })

  it('omits refused messages from the history of a row, and shows when it is cut', () => {
    const dag = dagFrom(trace(), 'issue', ROW)!
    expect(dag.nodes.map(({ name }) => name.slice(-1))).toEqual(['1', '2', '3', '4'])
    expect(dag.cut).toBe(false)
    expect(dagFrom(trace(STORY.slice(1)), 'issue', ROW)!.cut).toBe(true)
    expect(dagFrom(trace(), 'issue', 'nobody')).toBeUndefined()
  })

  const good = trace()
  it.each<[string, unknown]>([
    ['no JSON', '{'],
    ['something else', { format: 'other' }],
    ['null', null],
    ['a later version', { ...good, v: 2 }],
    ['no head', { ...good, madeAt: 'now' }],
    ['no state', { ...good, sync: { ...good.sync, position: 7 } }],
    ['no types', { ...good, types: [{}] }],
    ['no events', { ...good, events: {} }],
    ['a bad event', { ...good, events: [{ ...good.events[0], kind: 'bang' }] }],
    ['an event about nothing', { ...good, events: [{ ...good.events[0], message: {} }] }],
    ['no messages', { ...good, messages: undefined }],
    ['a bad message', { ...good, messages: [{ ...good.messages[0], state: 'lost' }] }],
    ['a bad change', { ...good, messages: [{ ...good.messages[0], changes: [{ regs: 1 }] }] }],
    ['no rows', { ...good, rows: undefined }],
    ['a row without its digest', { ...good, rows: [{ type: 'issue', id: ROW }] }],
    ['a key of prototypes', `{"format":"countersign-trace","__proto__":{"a":1}}`],
  ])('refuses %s with a sentence', (_, json) => {
    const read = readTrace(typeof json === 'string' ? json : JSON.stringify(json))
    expect(read).toMatchObject({ ok: false, message: expect.stringContaining('cannot be opened') })
  })
})
