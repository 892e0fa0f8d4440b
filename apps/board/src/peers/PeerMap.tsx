/**
 * A map of the browsers that this one reaches: whoever reviews is in the middle. A thin line is a
 * connection, a broken green one leads to whoever reviews for that browser.
 */
import { useMe, useSyncStatus } from '@countersign/react'
import type { CSSProperties } from 'react'
import { type Person, personOf } from '../model/people.ts'
import { type MapNode, type MapOf, mapOf } from './map.ts'

const width = 268
const height = 176
const radius = { x: 100, y: 62 }
const MIDDLE = { x: width / 2, y: height / 2 - 8 }
/** Of the reviewer, while it is away. */
const CORNER = { x: 24, y: height - 36 }

export function PeerMap() {
  const peers = useSyncStatus((status) => status.peers)
  const provisional = useSyncStatus((status) => status.provisional)
  const isHomed = useSyncStatus(
    ({ connection }) => connection === 'online' || connection === 'syncing',
  )
  const epoch = useSyncStatus((status) => status.position?.epoch)
  const map = mapOf({ peers: peers ?? [], provisional, isHomed })
  return (
    <figure className="peermap">
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={sentenceOf(map)}>
        {map.lines.map((line) => (
          <line
            key={`${line.kind} ${line.from} ${line.to}`}
            className="peermap__line"
            data-kind={line.kind}
            {...ends(placeOf(map, line.from), placeOf(map, line.to))}
          />
        ))}
        {map.nodes.map((node) => (
          <Node key={node.id} node={node} {...placeOf(map, node.id)} />
        ))}
      </svg>
      <figcaption data-part="who-reviews">{captionOf(map, provisional?.epoch ?? epoch)}</figcaption>
    </figure>
  )
}

function Node({ node, x, y }: { node: MapNode; x: number; y: number }) {
  const authorId = useMe((me) => me.authorId)
  const id = node.kind === 'peer' ? node.id : node.kind === 'me' ? authorId : undefined
  const person = id === undefined ? undefined : personOf(id)
  return (
    <g
      className="peermap__node"
      data-kind={node.kind}
      data-reviews={node.reviews}
      transform={`translate(${x} ${y})`}
      style={person && ({ '--hue': person.hue } as CSSProperties)}
    >
      {person && <title>{person.name}</title>}
      {node.kind === 'home' ? (
        <rect x={-15} y={-15} width={30} height={30} rx={8} />
      ) : (
        <circle r={13} />
      )}
      {node.kind === 'home' ? (
        <path d="M-6 .5l4 4 8-9" />
      ) : (
        <text className="peermap__initials" dy="3.5">
          {person?.initials ?? ''}
        </text>
      )}
      <text className="peermap__name" dy={node.kind === 'home' ? 27 : 26}>
        {nameOf(node, person)}
      </text>
    </g>
  )
}

function nameOf({ kind, reviews }: MapNode, person: Person | undefined): string {
  if (kind === 'me') return 'you'
  if (kind === 'home') return reviews ? 'reviewer' : 'away'
  return person?.name ?? ''
}

interface Place {
  readonly x: number
  readonly y: number
}

/** Whoever reviews is in the middle; the others around it, this browser below. */
function placeOf({ nodes }: MapOf, id: string): Place {
  const node = nodes.find((one) => one.id === id)
  if (!node || node.reviews) return MIDDLE
  if (node.kind === 'home') return CORNER
  const around = nodes.filter(({ kind, reviews }) => kind !== 'home' && !reviews)
  const turn = (around.indexOf(node) / around.length) * 2 * Math.PI
  return {
    x: MIDDLE.x - Math.sin(turn) * radius.x,
    y: MIDDLE.y + Math.cos(turn) * radius.y,
  }
}

function ends(from: Place, to: Place) {
  return { x1: from.x, y1: from.y, x2: to.x, y2: to.y }
}

function captionOf(map: MapOf, epoch: number | undefined): string {
  const reviewer = map.nodes.find(({ reviews }) => reviews)
  if (!reviewer) return map.nodes.length > 2 ? 'Nobody reviews yet' : 'No other browser is reached'
  const who = {
    home: 'The reviewer reviews',
    me: 'You review',
    peer: `${personOf(reviewer.id).name} reviews`,
  }
  return `${who[reviewer.kind]} in epoch ${epoch ?? 0}`
}

function sentenceOf({ nodes }: MapOf): string {
  const peers = nodes.filter(({ kind }) => kind === 'peer').map(({ id }) => personOf(id).name)
  return peers.length === 0 ? 'You reach no other browser' : `You reach ${peers.join(', ')}`
}
