/**
 * Instants as text and as milliseconds since 1970, independent of the machine's clock and calendar:
 * the proleptic Gregorian calendar in UTC, in the range and the canonical text of ECMAScript
 * (`2024-02-29T12:00:00.000Z`, six digits and a sign for years outside 0 to 9999).
 */

const DAY_MS = 86_400_000
const INSTANT_MS_MAX = 8_640_000_000_000_000
const STRICT = /^(\d{4}|[+-]\d{6})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})Z$/
const LOOSE =
  /^(\d{4}|[+-]\d{6})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d))?$/
const TEXT_LENGTH_MAX = 48

/** Canonical text of an instant; undefined for a number that is not an instant. */
export function printIsoDate(ms: number): string | undefined {
  if (!Number.isInteger(ms) || Math.abs(ms) > INSTANT_MS_MAX) return undefined
  const days = Math.floor(ms / DAY_MS)
  const rest = ms - days * DAY_MS
  const clock = [rest / 3_600_000, (rest / 60_000) % 60, (rest / 1_000) % 60].map((part) =>
    digits(Math.floor(part), 2),
  )
  return `${printDay(days)}T${clock.join(':')}.${digits(rest % 1_000, 3)}Z`
}

/** Parses canonical text only. */
export function parseIsoDate(text: string): number | undefined {
  if (text.length > TEXT_LENGTH_MAX) return undefined
  const parts = STRICT.exec(text)
  if (!parts) return undefined
  const ms = instant(parts)
  return printIsoDate(ms) === text ? ms : undefined
}

/** Parses any date, or date and time with a zone. Fractions of a millisecond are cut. */
export function readIsoDate(text: string): number | undefined {
  if (text.length > TEXT_LENGTH_MAX) return undefined
  const parts = LOOSE.exec(text)
  if (!parts) return undefined
  const [, year = '', month = '', day = '', hour = '0', minute = '0', second = '0'] = parts
  const days = daysOf(Number(year), Number(month), Number(day))
  const outside = Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59
  const offset = offsetMinutes(parts[8])
  if (outside || offset === undefined || printDay(days) !== `${year}-${month}-${day}`) {
    return undefined
  }
  const ms = instant(parts) - offset * 60_000
  return Math.abs(ms) > INSTANT_MS_MAX ? undefined : ms
}

function instant(parts: readonly (string | undefined)[]): number {
  const at = (index: number): number => Number(parts[index] ?? 0)
  const millis = Number((parts[7] ?? '').slice(0, 3).padEnd(3, '0'))
  const seconds = at(4) * 3_600 + at(5) * 60 + at(6)
  return daysOf(at(1), at(2), at(3)) * DAY_MS + seconds * 1_000 + millis
}

function offsetMinutes(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(4))
  if (hours > 23 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}

/** Days since 1970-01-01. Years are counted from March, so that the leap day comes last. */
function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

function printDay(days: number): string {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const yearStart = 365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100)
  const dayOfYear = dayOfEra - yearStart
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  const sign = year < 0 ? '-' : '+'
  const yearText = year >= 0 && year <= 9_999 ? digits(year, 4) : sign + digits(Math.abs(year), 6)
  return `${yearText}-${digits(month, 2)}-${digits(day, 2)}`
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0')
}
