/**
 * The chain of a batch by hand, as a second implementation would compute it: one hash a line, and
 * the hashes that replace lines.
 */
import { createHash } from 'node:crypto'

type FlushEntry = readonly [
  places: number,
  taken?: readonly number[] | null,
  names?: unknown,
  cut?: readonly [lines: number, hash: string] | null,
]
type FirstLine = readonly [
  kind: 'batch',
  fromSeq: number,
  at: number,
  flushes: readonly FlushEntry[],
  reviewed?: readonly number[],
]

export interface ChainedBatch {
  readonly fromSeq: number
  readonly toSeq: number
  readonly chain: string
  /** Hashes of accepted messages that replace their last line. */
  readonly hidden: readonly { readonly seq: number; readonly hash: string }[]
}

export function chainByHand(text: string, chainAt: (seq: number) => string): ChainedBatch {
  const [firstText, ...rest] = text.split('\n')
  const lines = rest[Symbol.iterator]()
  const next = (): string => lines.next().value as string
  const [, fromSeq, , flushes, reviewed = []] = JSON.parse(firstText!) as FirstLine
  const links = [hashOf(`cs/first\n${firstText!}`)]
  const sessions: string[] = []
  const accepted: string[] = []
  const hidden: { readonly seq: number; readonly hash: string }[] = []
  for (const [places, taken, , cut] of flushes) {
    const session = sessionIn(next(), sessions)
    const head = hashOf(`cs/head\n${session}${next()}`)
    links.push(head)
    let before = cut?.[1] ?? ''
    for (let place = 0; place < places; place++) {
      const line = next()
      const isHash = line.startsWith('"')
      before = isHash ? (JSON.parse(line) as string) : hashOf(`cs/line\n${head}${before}${line}`)
      links.push(before)
      if (taken && !taken.includes(place)) continue
      if (isHash) hidden.push({ seq: fromSeq + accepted.length, hash: before })
      accepted.push(before)
    }
  }
  for (const offset of reviewed) {
    const line = next()
    const isHash = line.startsWith('"')
    links.push(
      isHash ? (JSON.parse(line) as string) : hashOf(`cs/review\n${accepted[offset]!}${line}`),
    )
    const [bases] = isHash ? [[]] : (JSON.parse(line) as [(readonly unknown[])[]])
    for (const base of bases) if (base.length === 4) next()
  }
  const chain = hashOf(`cs/chain\u0000${JSON.stringify([chainAt(fromSeq - 1), ...links])}`)
  return { fromSeq, toSeq: fromSeq + accepted.length - 1, chain, hidden }
}

/** The hash of a session: of its line here, or found by its number in the batch. */
function sessionIn(line: string, sessions: string[]): string {
  if (!line.startsWith('[')) return sessions[Number(line)]!
  const session = hashOf(`cs/session\n${line}`)
  sessions.push(session)
  return session
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
