/** What the map of peers shows, from the status of a store: who is there, and the lines between them. */
import type { SyncStatus } from '@countersign/core'

export interface MapNode {
  readonly id: string
  readonly kind: 'home' | 'me' | 'peer'
  /** Its review is followed here. */
  readonly reviews: boolean
}

export interface MapLine {
  readonly from: string
  readonly to: string
  /** A connection; or whose review is followed, also by others. */
  readonly kind: 'reaches' | 'follows'
}

export interface MapOf {
  /** The home reviewer, this browser, its peers. */
  readonly nodes: readonly MapNode[]
  readonly lines: readonly MapLine[]
}

const HOME = 'home'
const ME = 'me'
/** More peers are not drawn. */
const PEERS_MAX = 9

export function mapOf({
  peers = [],
  provisional,
  isHomed,
}: Pick<SyncStatus, 'peers' | 'provisional'> & { readonly isHomed: boolean }): MapOf {
  const shown = peers.slice(0, PEERS_MAX)
  const selfId = provisional?.isSelf ? provisional.reviewerId : undefined
  const nameOf = (reviewerId: string): string => (reviewerId === selfId ? ME : reviewerId)
  const followed = provisional && nameOf(provisional.reviewerId)
  const reviewer = followed ?? (isHomed ? HOME : undefined)
  const nodes: readonly MapNode[] = [
    { id: HOME, kind: 'home', reviews: reviewer === HOME },
    { id: ME, kind: 'me', reviews: reviewer === ME },
    ...shown.map(({ id }): MapNode => ({ id, kind: 'peer', reviews: reviewer === id })),
  ]
  const known = new Set(nodes.map(({ id }) => id))
  const follows = shown.flatMap(({ id, reviewerId }): MapLine[] => {
    const to = reviewerId === undefined ? undefined : nameOf(reviewerId)
    return to === undefined || to === id || !known.has(to)
      ? []
      : [{ from: id, to, kind: 'follows' }]
  })
  const own: readonly MapLine[] =
    reviewer === undefined || reviewer === ME || !known.has(reviewer)
      ? []
      : [{ from: ME, to: reviewer, kind: 'follows' }]
  const reaches = shown.map(({ id }): MapLine => ({ from: ME, to: id, kind: 'reaches' }))
  return { nodes, lines: [...reaches, ...follows, ...own] }
}
