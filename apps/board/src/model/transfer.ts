/**
 * The file format of `Export` and `Import`. `Import` also accepts a plain array of `{ title, ... }`.
 * A file is untrusted: it is parsed and validated completely before anything is written, so an invalid
 * one changes nothing.
 */
import { type Input } from '@countersign/core'
import { isLongerThan } from '@countersign/core/ports'
import { z } from 'zod'
import { type Issue, type IssueRow, issueShape, statuses } from './issue.ts'
import { ranksBelow, type Ranked } from './rank.ts'

const format = 'countersign-board'
export const fileBytesMax = 5_000_000
export const issuesMax = 10_000
const faultsShownMax = 5

/** Unknown keys, for example an id or a `$author`, are ignored. */
const fileIssue = issueShape.omit({ rank: true }).extend({
  archived: z.boolean({ error: 'archived is true or false' }).default(false),
})
export type FileIssue = z.output<typeof fileIssue>

export type Parsed =
  | { readonly ok: true; readonly issues: readonly FileIssue[] }
  | { readonly ok: false; readonly faults: readonly string[] }

/** Encodes rows as a file. `rows`: in the order of the board. */
export function toFile(rows: readonly IssueRow[], exportedAt: string): string {
  const issues = rows.map((row) => ({
    title: row.title,
    status: row.status,
    points: row.points,
    assignee: row.assignee,
    notes: row.notes,
    ...(row.$archived && { archived: true }),
  }))
  return `${JSON.stringify({ format, version: 1, exportedAt, issues }, null, 2)}\n`
}

export function parseFile(text: string): Parsed {
  if (isLongerThan(text, fileBytesMax)) return refuse('This is too large: 5 MB at the most.')
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return refuse('This is not JSON.')
  }
  const list = listOf(json)
  if (typeof list === 'string') return refuse(list)
  if (list.length === 0) return refuse('There are no issues in it.')
  if (list.length > issuesMax) {
    return refuse(`There are ${list.length} issues in it: ${issuesMax} at the most.`)
  }
  return checkAll(list)
}

function listOf(json: unknown): readonly unknown[] | string {
  if (Array.isArray(json)) return json
  const file = z.object({
    format: z.literal(format),
    version: z.unknown().optional(),
    issues: z.unknown().optional(),
  })
  const { success, data } = file.safeParse(json)
  if (!success) return 'This is neither an export of this board nor a list of issues.'
  if (data.version !== 1) return 'This was made by a newer board, which this one cannot read.'
  return Array.isArray(data.issues) ? data.issues : 'This export has no list of issues.'
}

function checkAll(list: readonly unknown[]): Parsed {
  const issues: FileIssue[] = []
  const faults: string[] = []
  for (const [at, entry] of list.entries()) {
    const { success, data, error } = fileIssue.safeParse(entry)
    if (success) issues.push(data)
    else faults.push(`Issue ${at + 1}: ${sentence(entry, error.issues[0])}`)
  }
  if (faults.length === 0) return { ok: true, issues }
  const more = faults.length - faultsShownMax
  return {
    ok: false,
    faults: [...faults.slice(0, faultsShownMax), ...(more > 0 ? [`… and ${more} more.`] : [])],
  }
}

function sentence(entry: unknown, issue: z.core.$ZodIssue | undefined): string {
  if (typeof entry !== 'object' || entry === null) return 'is not an object.'
  const field = String(issue?.path[0] ?? '')
  if (field !== '' && !(field in entry)) return `has no ${field}.`
  const says = issue?.message.startsWith('Invalid input')
    ? `${field} has the wrong type`
    : issue?.message
  return `${says ?? 'cannot be read'}.`
}

const refuse = (fault: string): Parsed => ({ ok: false, faults: [fault] })

/** The rows to write: at the end of each column, in the order of the file. */
export function toInputs(
  issues: readonly FileIssue[],
  columns: Readonly<Record<(typeof statuses)[number], readonly Ranked[]>>,
): readonly Input<typeof Issue>[] {
  const ranks = new Map(
    statuses.map((name) => {
      const count = issues.filter((issue) => issue.status === name).length
      return [name, [...ranksBelow(columns[name], count)]]
    }),
  )
  return issues.map(({ title, status, points, assignee, notes }) => {
    const rank = ranks.get(status)?.shift() ?? 'a0'
    return { title, status, points, assignee, notes, rank }
  })
}
