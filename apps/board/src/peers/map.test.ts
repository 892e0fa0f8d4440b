import { describe, expect, test } from 'vitest'
import { type MapOf, mapOf } from './map.ts'

const short = ({ nodes, lines }: MapOf) => ({
  reviews: nodes.filter(({ reviews }) => reviews).map(({ id }) => id),
  nodes: nodes.map(({ id }) => id),
  lines: lines.map(({ from, to, kind }) => `${from} ${kind} ${to}`),
})
const peers = [
  { id: 'a', reviewerId: undefined },
  { id: 'b', reviewerId: undefined },
]

describe('the map of peers', () => {
  test('while the reviewer is there, it is followed, and the peers are reached', () => {
    expect(short(mapOf({ peers, provisional: undefined, isHomed: true }))).toEqual({
      reviews: ['home'],
      nodes: ['home', 'me', 'a', 'b'],
      lines: ['me reaches a', 'me reaches b', 'me follows home'],
    })
  })

  test('while it is away, lines lead to the peer that reviews, also from others', () => {
    const following = peers.map(({ id }) => ({ id, reviewerId: 'a' }))
    const provisional = { reviewerId: 'a', epoch: 2, isSelf: false }
    expect(short(mapOf({ peers: following, provisional, isHomed: false }))).toEqual({
      reviews: ['a'],
      nodes: ['home', 'me', 'a', 'b'],
      lines: ['me reaches a', 'me reaches b', 'b follows a', 'me follows a'],
    })
  })

  test('lines of those that follow this browser lead to it', () => {
    const following = [{ id: 'a', reviewerId: 'self' }]
    const provisional = { reviewerId: 'self', epoch: 2, isSelf: true }
    expect(short(mapOf({ peers: following, provisional, isHomed: false }))).toEqual({
      reviews: ['me'],
      nodes: ['home', 'me', 'a'],
      lines: ['me reaches a', 'a follows me'],
    })
  })

  test('nobody reviews before there is a claim', () => {
    expect(short(mapOf({ peers, provisional: undefined, isHomed: false })).reviews).toEqual([])
  })
})
