/** A point in time in the user's locale. */
const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

/** Accepts any number, because a timestamp is untrusted data of another client. */
export const when = (timestamp: number): string =>
  isMoment(timestamp) ? format.format(timestamp) : 'at an unknown time'

/** The `dateTime` of a `<time>`; undefined for an invalid `Date`. */
export const machineTime = (timestamp: number): string | undefined =>
  isMoment(timestamp) ? new Date(timestamp).toISOString() : undefined

const isMoment = (timestamp: number): boolean => Number.isFinite(new Date(timestamp).getTime())
