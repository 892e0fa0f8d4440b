/** Where the tool writes to: results, progress and errors. */

/** The results of a command are lines for people, or with `--json` one object. */
export interface Out {
  /** A line of the result, for people. */
  line(text: string): void
  /** Progress and errors: beside the result. */
  note(text: string): void
  /** The result as data, printed at the end with `--json`. */
  json(value: unknown): void
}

/** A number of bytes in words. */
export function inBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  let size = bytes
  let unit = 0
  for (; size >= 1_024 && unit < units.length - 1; unit++) size /= 1_024
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`
}

/** A number in words, with its noun in the plural where it is not 1. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}

/** A time in ms since 1970 in words. */
export function inTime(at: number | undefined): string {
  return at === undefined ? 'never' : new Date(at).toISOString()
}

const PROGRESS_MS = 2_000

/** Notes progress from time to time. `of`: the whole, in the unit of `done`. */
export function progressOf(out: Out, what: string): (done: number, of: number) => void {
  let toldAt = performance.now()
  return (done, of) => {
    if (performance.now() - toldAt < PROGRESS_MS) return
    toldAt = performance.now()
    out.note(`${what}: ${done.toLocaleString('en')} of ${counted(of, 'message')}`)
  }
}
