/**
 * What a workload hands to the table: medians of ours and of the floor, and the ratio of the two,
 * taken round by round, since only neighbouring rounds saw the same machine.
 * Platform-neutral: pages use it too.
 */

export type Unit = 'per s' | 'ms' | 'µs' | 'B' | 'MB' | '%' | ''

export interface Figure {
  /** The workload, and a second word where it has several figures: `C4 inside`. */
  readonly name: string
  readonly what: string
  readonly unit: Unit
  readonly ours: number
  /** undefined: the goal is absolute, or against another figure. */
  readonly floor?: number | undefined
  /** Median over the rounds of ours divided by floor. */
  readonly ratio?: number | undefined
  /** Lowest and highest ratio of a round. */
  readonly spread?: readonly [number, number] | undefined
  /** The same ratio in time on the processor, which other programs disturb less. */
  readonly cpuRatio?: number | undefined
  /** Medians of the peers that were measured beside, by name. */
  readonly peers?: Readonly<Record<string, number>> | undefined
  readonly rounds: number
  readonly note?: string | undefined
}

/** One measured stretch: by the clock, and on this thread's processor where that is known. */
export interface Stretch {
  readonly ms: number
  readonly cpuMs?: number | undefined
}

/** The stretches of a workload, a pair a round. */
export interface Rounds {
  readonly floor: readonly Stretch[]
  readonly ours: readonly Stretch[]
  readonly peers?: Readonly<Record<string, readonly Stretch[]>> | undefined
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

export function quantile(values: readonly number[], at: number): number {
  if (values.length === 0) return NaN
  const sorted = values.toSorted((a, b) => a - b)
  const place = (sorted.length - 1) * at
  const low = Math.floor(place)
  const part = place - low
  return part === 0 ? sorted[low]! : sorted[low]! * (1 - part) + sorted[low + 1]! * part
}

export interface FigureFacts {
  readonly name: string
  readonly what: string
  readonly note?: string | undefined
}

/** A figure in operations a second; `count` operations are one stretch. */
export function rateFigure(facts: FigureFacts, rounds: Rounds, count: number): Figure {
  const rate = (stretch: Stretch): number => (count / stretch.ms) * 1_000
  const cpuRate = ({ cpuMs }: Stretch): number => (count / (cpuMs ?? NaN)) * 1_000
  return pairFigure({ ...facts, unit: 'per s' }, rounds, { value: rate, cpu: cpuRate })
}

/** A figure in time; a stretch is `count` times what is asked for. */
export function timeFigure(
  facts: FigureFacts & { readonly unit: 'ms' | 'µs' },
  rounds: Rounds,
  count = 1,
): Figure {
  const scale = (facts.unit === 'µs' ? 1_000 : 1) / count
  return pairFigure(facts, rounds, {
    value: ({ ms }) => ms * scale,
    cpu: ({ cpuMs }) => (cpuMs ?? NaN) * scale,
  })
}

/** A figure that has no floor. */
export function loneFigure(
  facts: FigureFacts & { readonly unit: Unit },
  values: readonly number[],
): Figure {
  return { ...facts, ours: median(values), rounds: values.length }
}

function pairFigure(
  facts: FigureFacts & { readonly unit: Unit },
  { floor, ours, peers }: Rounds,
  read: {
    readonly value: (stretch: Stretch) => number
    readonly cpu: (stretch: Stretch) => number
  },
): Figure {
  const ratios = ours.map((stretch, i) => read.value(stretch) / read.value(floor[i]!))
  const cpuRatio = median(ours.map((stretch, i) => read.cpu(stretch) / read.cpu(floor[i]!)))
  return {
    ...facts,
    ours: median(ours.map(read.value)),
    floor: median(floor.map(read.value)),
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    cpuRatio: Number.isFinite(cpuRatio) ? cpuRatio : undefined,
    ...(peers && {
      peers: Object.fromEntries(
        Object.entries(peers).map(([peer, list]) => [peer, median(list.map(read.value))]),
      ),
    }),
    rounds: ours.length,
  }
}

/** A wrong result ends the bench: its time would mean nothing. */
export function must(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`wrong result: ${what}`)
}
