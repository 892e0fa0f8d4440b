import { describe, expect, it } from 'vitest'
import { BOB, STORY, eventsOf } from '../../test/fixture.ts'
import { TIMELINE_EVENTS_MAX, Timeline } from './timeline.ts'

const all = { group: 'all', text: '' } as const
const kinds = (timeline: Timeline, filter = {}) =>
  timeline.shown({ ...all, ...filter }).map(({ kind }) => kind)

describe('timeline', () => {
  it('shows the newest first', () => {
    const timeline = new Timeline()
    timeline.take(eventsOf(STORY.slice(0, 1)))
    expect(kinds(timeline)).toEqual(['accepted', 'sent', 'queued', 'written'])
  })

  it('filters by group, author, entity, state and reason; every word must be there', () => {
    const timeline = new Timeline()
    timeline.take(eventsOf(STORY))
    expect(kinds(timeline, { group: 'verdicts' })).toEqual(['rejected', 'accepted', 'accepted'])
    expect(kinds(timeline, { group: 'others' })).toEqual(['arrived'])
    expect(kinds(timeline, { text: BOB.toUpperCase() })).toEqual(['arrived'])
    expect(kinds(timeline, { text: 'unauthorised issue' })).toEqual(['rejected'])
    expect(kinds(timeline, { text: 'unauthorised nothing' })).toEqual([])
    expect(kinds(timeline, { group: 'store' })).toEqual([])
  })

  it('stays unchanged while paused, shows how many events are new, and continues', () => {
    const timeline = new Timeline()
    const events = eventsOf(STORY)
    timeline.take(events.slice(0, 4))
    timeline.pause()
    timeline.take(events.slice(4))
    expect(kinds(timeline)).toHaveLength(4)
    expect(timeline).toMatchObject({ paused: true, behind: events.length - 4 })
    timeline.go()
    expect(kinds(timeline)).toHaveLength(events.length)
    expect(timeline).toMatchObject({ paused: false, behind: 0 })
  })

  it('keeps no more than the feed does', () => {
    const timeline = new Timeline()
    const [event] = eventsOf(STORY)
    const many = Array.from({ length: 10_000 }, (_, at) => ({ ...event!, seq: at + 1 }))
    for (let turn = 0; turn < 3; turn++) timeline.take(many)
    expect(timeline.size).toBe(TIMELINE_EVENTS_MAX)
  })
})
