/** Invariants of rows and of reviewers in the world of peers. */
import { isDeepStrictEqual } from 'node:util'
import type { Seat } from '../restores/seat.ts'
import type { Tally } from '../tally.ts'
import { must } from '../violation.ts'

const FIELDS = ['title', 'note', 'points'] as const

/** Canonical rows have the id of home, and provisional ones the id of a peer that has itself claimed to review. */
export function peer8Named(
  { rows, device }: Seat,
  { homeId, claimers }: { readonly homeId: string; readonly claimers: ReadonlyMap<string, string> },
  mute: string | undefined,
): void {
  for (const { id, $state, $reviewer } of rows) {
    if ($state === 'canonical')
      must(
        $reviewer === homeId,
        'PEER8',
        () => `${device.name} shows ${id} as home’s, by ${$reviewer}`,
      )
    if ($state !== 'provisional') continue
    const by = claimers.get($reviewer ?? '')
    must(by, 'PEER8', () => `${device.name} shows ${id} by ${$reviewer}, who has claimed nothing`)
    // The verdicts of a liar have invalid signatures.
    must(
      by !== mute || by === device.name,
      'PEER9',
      () => `${device.name} believes a verdict of ${by} that it has not signed`,
    )
  }
}

/**
 * Peers that follow one reviewer show the same rows. An own message that the reviewer has not accepted is
 * shown by its author only, so rows that one of the two has written are left out.
 */
export function peer11Same(
  seats: readonly Seat[],
  writers: (id: string) => ReadonlySet<string>,
  tally: Tally,
): void {
  const [first, ...others] = seats
  for (const other of others) {
    const [a, b] = [other, first!].map((seat) =>
      pictureOf(seat, ({ id }) =>
        [other, first!].every(({ device }) => !writers(id).has(device.name)),
      ),
    )
    must(
      isDeepStrictEqual(a, b),
      'PEER11',
      () =>
        `${other.device.name} and ${first!.device.name} follow one reviewer, and differ: ${differences(a!, b!)}`,
    )
  }
  const isShown = others.some(({ rows }) => rows.some(({ $state }) => $state === 'provisional'))
  if (isShown) tally.hit('peers: several show the same, provisionally')
}

/** All that a peer shows, except the shown candidate of a conflict, which depends on the reader. */
function pictureOf(
  { rows }: Seat,
  isCompared: (row: { readonly id: string }) => boolean,
): unknown[] {
  return rows
    .filter(isCompared)
    .map((row) => ({
      ...{
        id: row.id,
        heads: row.$heads,
        key: row.$orderKey,
        state: row.$state,
        by: row.$reviewer,
      },
      fields: FIELDS.map((field) => {
        const candidates = row.$conflicts[field]?.candidates
        return candidates?.map(({ value, msgId }) => [value, msgId]).sort() ?? row[field]
      }),
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

function differences(a: readonly unknown[], b: readonly unknown[]): string {
  const [left = [], right = []] = [a, b].map((all) => all.map((one) => JSON.stringify(one)))
  const only = (one: readonly string[], other: readonly string[]): string =>
    one.filter((text) => !other.includes(text)).join(' ')
  return `${only(left, right)} and ${only(right, left)}`
}
