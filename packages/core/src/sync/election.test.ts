import { describe, expect, it } from 'vitest'
import type { Uuid } from '../base/uuid.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import { type Claim, type Reached, claimOf, comparePlaces, isAbove } from './claim.ts'
import { type Beat, type Duty, Election, type PeerStand, SUSPECT_MS } from './election.ts'

const SPACE = '0190a6b2-3c4d-4e5f-8a7b-0123456789ab'
const EID = '0190a6b2-3c4d-4e5f-8a7b-00000000e1d1'
const idOf = (no: number): Uuid => `0190a6b2-3c4d-8000-8000-${String(no).padStart(12, '0')}`
const reachedAt = (seq: number, epoch = 1): Reached => {
  const home = { eid: EID, epoch, seq, chain: '' }
  return { home, end: home }
}
const moment = (nowMs: number, chance = 0) => ({ nowMs, chance })
const standing = (no: number, with_: Partial<PeerStand> = {}): PeerStand => ({
  ...{ id: idOf(no), reached: reachedAt(10), isHomed: false, mayReview: true },
  ...with_,
})

/** A claim of some peer at that epoch. */
const claim = (no: number, epoch: number, seq = 10): Claim =>
  claimOf(SPACE, { ...reachedAt(seq), epoch, reviewerId: idOf(no) })

const beat = (no: number, with_: Partial<Beat> = {}): Beat => ({
  ...{ id: idOf(no), no: 1, reached: reachedAt(10), mayReview: true, claim: undefined },
  ...with_,
})

function heard(election: Election, said: Beat, nowMs: number): Duty {
  return election.step({ kind: 'heard', beat: said }, moment(nowMs)).duty
}

describe('an election', () => {
  it('PEER2 a claim that is behind the own position of home is not followed', () => {
    const election = new Election(SPACE, standing(1), moment(0))
    expect(heard(election, beat(2, { claim: claim(2, 5, 9) }), 1).kind).toBe('none')
    expect(heard(election, beat(2, { no: 2, claim: claim(2, 5, 10) }), 2).kind).toBe('follows')
    const moved = { kind: 'stands', standing: standing(1, { reached: reachedAt(11) }) } as const
    expect(election.step(moved, moment(3)).duty.kind).toBe('none')
  })

  it('PEER4 who is heard is known with its claim, until it is silent', () => {
    const election = new Election(SPACE, standing(1), moment(0))
    heard(election, beat(2), 1)
    heard(election, beat(3, { claim: claim(3, 5) }), 2)
    expect(election.heard.map(({ id, claim: its }) => [id, its?.reviewerId])).toEqual([
      [idOf(2), undefined],
      [idOf(3), idOf(3)],
    ])
    heard(election, beat(3, { no: 2, claim: claim(3, 5) }), 5_000)
    election.step({ kind: 'tick' }, moment(8_000))
    expect(election.heard.map(({ id }) => id)).toEqual([idOf(3)])
  })

  it('PEER9 whoever has lied is not believed any more, and another peer reviews', () => {
    const election = new Election(SPACE, standing(1), moment(0))
    const its = claim(2, 5)
    heard(election, beat(3, { claim: its }), 1)
    heard(election, beat(2, { claim: its }), 2)
    const lied = election.step({ kind: 'lied', id: idOf(2) }, moment(3))
    expect([lied.duty.kind, election.heard.map(({ id }) => id)]).toEqual(['none', [idOf(3)]])
    expect(heard(election, beat(2, { no: 2, claim: claim(2, 6) }), 4).kind).toBe('none')
    expect(heard(election, beat(3, { no: 2, claim: its }), 5).kind).toBe('none')
    const { tickAtMs } = election.step({ kind: 'tick' }, moment(6))
    const { duty } = election.step({ kind: 'tick' }, moment(Math.max(tickAtMs, 1_000)))
    expect(duty).toMatchObject({ kind: 'reviews', claim: { epoch: 6 } })
  })

  it('PEER1 of two claims the higher epoch is followed, or the smaller hash, and none below later', () => {
    const election = new Election(SPACE, standing(1), moment(0))
    const [a, b] = [claim(2, 5), claim(3, 5)]
    const [first, second] = isAbove(a, b) ? [a, b] : [b, a]
    heard(election, beat(7, { claim: second }), 1)
    heard(election, beat(8, { claim: first }), 2)
    heard(election, beat(9, { claim: second }), 3)
    expect(election.claim).toEqual(first)
    heard(election, beat(9, { no: 2, claim: claim(4, 6) }), 4)
    heard(election, beat(8, { no: 2, claim: first }), 5)
    expect(election.claim).toEqual(claim(4, 6))
  })

  it('PEER4 a reviewer that is not heard is suspected, and only its own beat brings it back', () => {
    const election = new Election(SPACE, standing(1, { mayReview: false }), moment(0))
    const its = claim(2, 5)
    expect(heard(election, beat(2, { claim: its }), 1).kind).toBe('follows')
    for (let no = 2; no < 5; no++) heard(election, beat(3, { no, claim: its }), no * 2_000)
    expect(election.step({ kind: 'tick' }, moment(SUSPECT_MS + 2_002)).duty.kind).toBe('none')
    expect(heard(election, beat(3, { no: 6, claim: its }), 8_100).kind).toBe('none')
    expect(heard(election, beat(2, { no: 6, claim: its }), 8_200).kind).toBe('follows')
  })

  it('PEER5 a reviewer that is hidden, or for which home is back, gives its claim up', () => {
    for (const away of [{ mayReview: false }, { isHomed: true, mayReview: false }]) {
      const election = reviewing()
      const step = election.step({ kind: 'stands', standing: standing(1, away) }, moment(9_000))
      expect(step).toMatchObject({ says: true, duty: { kind: 'none' } })
      expect(election.claim).toBeUndefined()
    }
    const frozen = reviewing()
    expect(frozen.step({ kind: 'tick' }, moment(60_000)).duty.kind).toBe('none')
    const left = reviewing()
    expect(left.step({ kind: 'leaves' }, moment(9_000)).duty.kind).toBe('none')
  })

  it('PEER6 a claim far above those that were believed uses up no numbers', () => {
    const election = reviewing()
    heard(election, beat(2, { no: 9, claim: claim(2, 5_000) }), 9_000)
    expect(election.duty).toMatchObject({ kind: 'reviews', claim: { epoch: 2 } })
  })
})

/** Peer 1 reviews, and has heard of peer 2. */
function reviewing(): Election {
  const election = new Election(SPACE, standing(1), moment(0))
  heard(election, beat(2, { mayReview: false }), 5_000)
  election.step({ kind: 'tick' }, moment(7_000))
  expect(election.duty.kind).toBe('reviews')
  return election
}

interface Mate {
  readonly election: Election
  readonly id: Uuid
  standing: PeerStand
  tickAtMs: number
  isAsleep: boolean
  beats: number
  /** Which part of a divided network it is in. */
  side: number
  /** It announces a claim that no peer has elected. */
  readonly isLiar: boolean
}

/** Peers with a network that delays, loses and parts, and a liar or two. */
class Company {
  readonly random: SeededRandom
  readonly mates: Mate[] = []
  readonly #posts: { readonly atMs: number; readonly to: Mate; readonly beat: Beat }[] = []
  #joined = 0
  nowMs = 0
  losses = 0.1
  delayMs = 150

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    const count = 2 + this.#below(5)
    for (let no = 0; no < count; no++) this.join(this.random.unit() < 0.15)
  }

  #below(n: number): number {
    return Math.floor(this.random.unit() * n)
  }

  join(isLiar = false): Mate {
    const own = standing(++this.#joined)
    const election = new Election(SPACE, own, { nowMs: this.nowMs, chance: this.random.unit() })
    const { id } = own
    const mate = { election, id, standing: own, tickAtMs: this.nowMs, side: 0, beats: 0 }
    this.mates.push({ ...mate, isAsleep: false, isLiar })
    return this.mates.at(-1)!
  }

  /** Something happens to somebody. */
  disturb(): void {
    const mate = this.mates[this.#below(this.mates.length)]!
    const what = this.#below(8)
    if (what === 0) mate.side = this.#below(3)
    else if (what === 1) for (const one of this.mates) one.side = 0
    else if (what === 2) this.#wake(mate, !mate.isAsleep)
    else if (what === 3) this.#stand(mate, { mayReview: !mate.standing.mayReview })
    else if (what === 4) this.#stand(mate, { isHomed: !mate.standing.isHomed })
    else if (what === 5)
      this.#stand(mate, { reached: reachedAt(mate.standing.reached!.home.seq + this.#below(2)) })
    else if (what === 6 && this.mates.length < 9) this.join()
    else if (what === 7) this.losses = this.random.unit() * 0.4
  }

  /** All can hear all, nobody lies, and all have the same of home. */
  calm(): void {
    this.losses = 0
    const seq = Math.max(...this.mates.map(({ standing: { reached } }) => reached!.home.seq))
    for (const mate of this.mates) {
      mate.side = 0
      this.#wake(mate, false)
      this.#stand(mate, { isHomed: false, mayReview: true, reached: reachedAt(seq) })
    }
  }

  /** What has changed meanwhile it learns when it wakes. */
  #wake(mate: Mate, isAsleep: boolean): void {
    mate.isAsleep = isAsleep
    this.#stand(mate, {})
  }

  #stand(mate: Mate, change: Partial<PeerStand>): void {
    mate.standing = { ...mate.standing, ...change }
    if (mate.isAsleep) return
    this.#step(mate, { kind: 'stands', standing: mate.standing })
  }

  #step(mate: Mate, event: Parameters<Election['step']>[0]): void {
    const { election } = mate
    const before = election.duty
    const step = election.step(event, { nowMs: this.nowMs, chance: this.random.unit() })
    mate.tickAtMs = step.tickAtMs
    this.#check(mate, before, step.duty)
    if (step.says) this.#say(mate)
  }

  #check({ standing: own }: Mate, before: Duty, after: Duty): void {
    if (after.kind === 'none') return
    expect(own.isHomed).toBe(false)
    expect(comparePlaces(after.claim.home, own.reached!.home)).toBeGreaterThanOrEqual(0)
    if (before.kind === 'none' || before.claim.hash === after.claim.hash) return
    expect(isAbove(after.claim, before.claim)).toBe(true)
  }

  #say(mate: Mate): void {
    const { id, standing: own, election } = mate
    const { reached, mayReview } = own
    const lie = mate.isLiar && this.random.unit() < 0.5
    const said = lie ? this.#claimOf(mate) : election.claim
    const post = { id, reached, mayReview, claim: said, no: ++mate.beats }
    for (const to of this.mates) {
      if (to === mate || to.side !== mate.side || this.random.unit() < this.losses) continue
      this.#posts.push({ atMs: this.nowMs + this.random.unit() * this.delayMs, to, beat: post })
    }
  }

  #claimOf({ id }: Mate): Claim {
    const term = { ...reachedAt(this.#below(12)), epoch: 1 + this.#below(40), reviewerId: id }
    return claimOf(SPACE, term)
  }

  run(forMs: number): void {
    for (const endMs = this.nowMs + forMs; this.nowMs < endMs; this.nowMs += 20) {
      const due = this.#posts.filter(({ atMs }) => atMs <= this.nowMs)
      for (const post of due) this.#posts.splice(this.#posts.indexOf(post), 1)
      for (const { to, beat: said } of due)
        if (!to.isAsleep) this.#step(to, { kind: 'heard', beat: said })
      for (const mate of this.mates)
        if (!mate.isAsleep && mate.tickAtMs <= this.nowMs) this.#step(mate, { kind: 'tick' })
    }
  }

  get reviewers(): readonly Mate[] {
    return this.mates.filter(({ election }) => election.duty.kind === 'reviews')
  }
}

describe('many elections', () => {
  it('PEER7 peers that hear each other have one reviewer, soon, whatever was before', () => {
    for (let seed = 1; seed <= 150; seed++) {
      const company = new Company(seed)
      for (let turn = 0; turn < 12; turn++) {
        company.disturb()
        company.run(200 + company.random.unit() * 6_000)
      }
      const honest = company.mates.filter(({ isLiar }) => !isLiar)
      company.mates.splice(0, Infinity, ...honest)
      if (honest.length < 2) continue
      company.calm()
      company.run(25_000)
      expect(
        company.reviewers.map(({ id }) => id),
        `seed ${seed}`,
      ).toHaveLength(1)
      const [reviewer] = company.reviewers
      for (const { election } of honest)
        expect(election.claim, `seed ${seed}`).toEqual(reviewer!.election.claim)
    }
  })

  it('PEER3 whoever joins follows the reviewer that is heard, and does not take its place', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const company = new Company(seed)
      company.mates.splice(0, Infinity, ...company.mates.filter(({ isLiar }) => !isLiar))
      company.losses = 0
      if (company.mates.length < 2) continue
      company.run(20_000)
      const [before] = company.reviewers
      for (let joins = 0; joins < 3; joins++) {
        company.join()
        company.run(company.random.unit() * 9_000)
      }
      company.run(10_000)
      expect(
        company.reviewers.map(({ id }) => id),
        `seed ${seed}`,
      ).toEqual([before?.id])
    }
  })
})
