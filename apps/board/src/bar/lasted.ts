/** A duration in its largest unit: `8 s`, `3 min`, `2 h`, `5 d`. */

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const

export function lasted(ms: number): string {
  const unit = units.find(([, size]) => ms >= size)
  if (unit) return `${Math.floor(ms / unit[1])} ${unit[0]}`
  return `${Math.max(0, Math.floor(ms / 1000))} s`
}
