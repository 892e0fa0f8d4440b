/**
 * The goals of the workloads, as ratios to the floor of the same run, or to another figure of
 * it. Peers are not measured here, so what a goal says of them is left out.
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

export const GOALS: Readonly<Record<string, Goal>> = {
  C1: atLeast(1 / 8, '1/8'),
  'C1 flat': below(1.5, ''),
  C2: atLeast(1 / 3, '1/3'),
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
  'C7 query': atMost(2),
  R1: atMost(1.5),
  'R1 10k': atMost(1.5),
  R2: atMost(1.5),
  'R2 10k': both(atMost(1.5), besides(1.5, 'R2')),
  'R3 replace': atMost(1.15),
  'R3 append': atMost(1.15),
  'R3 clear': atMost(1.15),
  R5: atMost(1.5),
  P1: atMost(3),
  'P1 task': below(50, 'ms'),
  'P1 lone': below(50, 'ms'),
  'N1 row': atMost(1.5),
  'N1 ack': atMost(1.5),
  'N1 browser p99': below(100, 'ms'),
  N2: atLeast(0.6, '0.6'),
  'N2 cpu': below(20, 'µs'),
  'N2 up': below(80, 'B'),
  'N2 down': below(80, 'B'),
  // What was acked is on the disk; what is in memory is a cache of a stated size.
  'reviewer ready': atMost(1.5),
  'reviewer memory': below(250, 'MB'),
  'devtools scroll': { text: '> 50 a second', holds: ({ ours }) => ours > 50 },
  // Nothing, as far as rounds can tell: not slower in every one of them.
  'devtools off': { text: '0 %', holds: ({ spread }) => spread && spread[0] <= 1 },
  'devtools on': { text: '< 5 %', holds: ({ ratio }) => ratio !== undefined && ratio < 1.05 },
  'devtools ring': below(10_485_760, 'B'),
  'N7 lost': below(0, ''),
  'N7 twice': below(0, ''),
}
