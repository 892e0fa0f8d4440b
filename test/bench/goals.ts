/**
 * The goals of the workloads, as ratios to the floor of the same run, to another figure of it, or
 * to a peer that was measured beside.
 */
import type { Figure } from './figure.ts'

export interface Goal {
  readonly text: string
  /** undefined: what it needs was not measured. */
  readonly holds: (figure: Figure, all: ReadonlyMap<string, Figure>) => boolean | undefined
}

const atMost = (times: number): Goal => ({
  text: `<= ${times} x floor`,
  holds: ({ ratio }) => ratio !== undefined && ratio <= times,
})

const atLeast = (part: number, text: string): Goal => ({
  text: `>= ${text} of floor`,
  holds: ({ ratio }) => ratio !== undefined && ratio >= part,
})

const below = (value: number, unit: string): Goal => ({
  text: `<= ${value} ${unit}`,
  holds: ({ ours }) => ours <= value,
})

const both = (one: Goal, other: Goal): Goal => ({
  text: `${one.text}, ${other.text}`,
  holds: (figure, all) => {
    const holds = [one.holds(figure, all), other.holds(figure, all)]
    if (holds.includes(false)) return false
    return holds.includes(undefined) ? undefined : true
  },
})

/** At most so many times another figure of ours. */
const besides = (times: number, name: string): Goal => ({
  text: `<= ${times} x own ${name}`,
  holds: ({ ours }, all) => {
    const other = all.get(name)
    return other && ours <= times * other.ours
  },
})

/** At most so many times a peer, where it was measured. */
const ofPeer = (times: number, peer: string): Goal => ({
  text: `<= ${times} x ${peer}`,
  holds: ({ ours, peers }) => {
    const other = peers?.[peer]
    return other === undefined ? undefined : ours <= times * other
  },
})

/** Operations a second beyond so many times those of each of these peers. */
const ahead = (times: number, ...names: readonly string[]): Goal => ({
  text: `${times === 1 ? 'ahead of' : `>= ${times} x`} ${names.join(' and ')}`,
  holds: ({ ours, peers }) => {
    const others = names.flatMap((name) => peers?.[name] ?? [])
    return others.length < names.length ? undefined : others.every((rate) => ours >= times * rate)
  },
})

export const GOALS: Readonly<Record<string, Goal>> = {
  C1: both(atLeast(1 / 8, '1/8'), ahead(2, 'tldraw')),
  'C1 flat': below(1.5, ''),
  C2: both(atLeast(1 / 3, '1/3'), ahead(3, 'yjs')),
  C2d: { text: '>= 60,000 a second', holds: ({ ours }) => ours >= 60_000 },
  'C2d task': below(16, 'ms'),
  C3: atLeast(0.57, '0.57'),
  'C4 inside': atMost(3),
  'C4 moving': atMost(3),
  'C4 leaving': both(atMost(3), besides(1.5, 'C4 inside')),
  'C4 outside': atMost(1.5),
  C4o: below(0.5, 'ms'),
  C4b: atMost(2.5),
  C4c: both(atMost(2.3), besides(1.5, 'C4b')),
  C5: atMost(1.6),
  C6: below(450, 'B'),
  'C6 history': below(8, 'B'),
  'C6 pending': below(400, 'B'),
  C6u: {
    text: '>= 440,000 a second or 1/5 of floor',
    holds: ({ ours, ratio }) => ours >= 440_000 || (ratio !== undefined && ratio >= 0.2),
  },
  C7: atMost(2),
  'C7 bytes': below(786_432, 'B'),
  'C7 history': below(1.1, ''),
  first: atMost(0.4),
  lens: atMost(2),
  'lens query': atMost(2),
  R1: both(atMost(1.5), ofPeer(1.3, 'zustand')),
  'R1 10k': both(atMost(1.5), ofPeer(1.3, 'zustand')),
  R2: atMost(1.5),
  'R2 10k': both(atMost(1.5), besides(1.5, 'R2')),
  R3: both(atMost(1.5), ofPeer(0.7, 'tanstack')),
  'R3 100k': both(both(atMost(1.5), besides(1.5, 'R3')), ofPeer(0.7, 'tanstack')),
  R4: atMost(1.5),
  R5: atMost(1.5),
  'T replace': atMost(1.15),
  'T append': atMost(1.15),
  'T clear': atMost(1.15),
  'T mean': both(atMost(1.1), ofPeer(1.1, 'zustand')),
  P1: atMost(3),
  'P1 task': below(50, 'ms'),
  'P1 lone': below(50, 'ms'),
  P2: atMost(2),
  'P2 many': besides(2, 'P2'),
  P3: atMost(1.5),
  'N1 row': atMost(2),
  'N1 ack': atMost(2),
  'N1 browser p99': below(100, 'ms'),
  N2: both(atLeast(0.4, '0.4'), ahead(1, 'sharedb', 'tldraw')),
  'N2 cpu': below(18, 'µs'),
  'N2 cpu writer': below(20, 'µs'),
  'N2 cpu reader': below(20, 'µs'),
  'N2 verifying': below(15, '%'),
  N3: both(atMost(2), ofPeer(1, 'tldraw')),
  'N4 socket': atMost(1.5),
  N4: atMost(3),
  N5: atMost(2),
  'N5 grown': below(1.2, ''),
  'N5 grown bytes': below(1.1, ''),
  N6: atMost(1.5),
  'N6 bytes': {
    text: "<= floor's",
    holds: ({ ours, floor }) => floor !== undefined && ours <= floor,
  },
  'N7 lost': below(0, ''),
  'N7 twice': below(0, ''),
  'N8 up': below(90, 'B'),
  'N8 down': below(90, 'B'),
  'N8 typing up': below(60, 'B'),
  'N8 typing down': below(60, 'B'),
  'N8 lone up': below(280, 'B'),
  'N8 lone down': below(320, 'B'),
  // What was acked is on the disk; what is in memory is a cache of a stated size.
  scopes: below(300, 'ms'),
  'scopes bytes': below(400, 'B'),
  'scopes commit among': besides(1.5, 'scopes commit'),
  'reviewer ready': atMost(1.5),
  'reviewer ready few': atMost(1.5),
  'reviewer memory': below(250, 'MB'),
  'reviewer memory few': below(250, 'MB'),
  'devtools scroll': { text: '> 50 a second', holds: ({ ours }) => ours > 50 },
  // No difference that rounds can show: not slower in every one of them.
  'devtools off': { text: '0 %', holds: ({ spread }) => spread && spread[0] <= 1 },
  'devtools on': { text: '< 5 %', holds: ({ ratio }) => ratio !== undefined && ratio < 1.05 },
  'devtools ring': below(10_485_760, 'B'),
}
