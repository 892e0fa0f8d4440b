/**
 * Provisional records of a replica, by hand: their numbers, and the messages that these depend on.
 */

/** A message that has no id yet; sessions in the form of texts. */
export interface Drafted {
  /** Session and number. */
  readonly key: string
  /** The pending messages in its author's view, in the same form. */
  readonly parents: readonly string[]
}

type Change = readonly [
  shape: number,
  entity: unknown,
  parents: readonly (number | readonly [session: string, clientSeq: number])[],
]
type InnerLine = readonly [change: Change, salt: string]
type OuterLine = readonly [
  clientSeq: number,
  time: number,
  changes: readonly [Change | number],
  salt: string,
]

/** The drafts of a record: its first line is the store's own, then come a head and lines. */
export function draftedIn(text: string): readonly Drafted[] {
  const [first, , ...lines] = text.split('\n')
  const [, sessionId] = JSON.parse(first!) as [author: string, session: string]
  const session = Buffer.from(sessionId.replaceAll('-', ''), 'hex').toString('base64url')
  const drafts: Drafted[] = []
  let changes: Change[] = []
  for (const line of lines) {
    const parsed = JSON.parse(line) as InnerLine | OuterLine
    if (Array.isArray(parsed[0])) {
      changes.push(parsed[0] as Change)
      continue
    }
    const [clientSeq, , [change]] = parsed as OuterLine
    if (typeof change !== 'number') changes.push(change)
    const parents = changes
      .flatMap(([, , names]) => names)
      .flatMap((name) => {
        if (typeof name === 'number') return name < 0 ? [`${session}:${clientSeq + name}`] : []
        return [`${name[0]}:${name[1]}`]
      })
    drafts.push({ key: `${session}:${clientSeq}`, parents })
    changes = []
  }
  return drafts
}
