/** A point in time as its reader writes it. */
const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

/** Total, because a timestamp is what another client wrote: any number has words. */
export const when = (timestamp: number): string =>
  isMoment(timestamp) ? format.format(timestamp) : 'at an unknown time'

/** For the `dateTime` of a `<time>`; undefined for what no `Date` can hold. */
export const machineTime = (timestamp: number): string | undefined =>
  isMoment(timestamp) ? new Date(timestamp).toISOString() : undefined

const isMoment = (timestamp: number): boolean => Number.isFinite(new Date(timestamp).getTime())
