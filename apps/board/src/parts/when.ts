/** A point in time as its reader writes it. */
const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

export const when = (timestamp: number): string => format.format(timestamp)
