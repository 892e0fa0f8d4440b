/** Bugs in what peers do while the home reviewer is away. */
import type { Planted } from '../plant.ts'

export const PEERS: readonly Planted[] = [
  {
    name: 'lower-claim-followed',
    what: 'A peer follows whoever has claimed last, whatever it has followed before.',
    edits: [
      {
        module: 'sync/election.ts',
        from: 'if (!isAgain && !isAbove(claim, this.#highest)) return',
        to: 'if (claim.hash === this.#claim?.hash) return',
      },
      {
        module: 'sync/election.ts',
        from: "assert(!this.#claim || isAgain || isAbove(claim, this.#claim), 'a claim never gets lower')",
        to: '',
      },
    ],
    seed: 2,
    workload: 'W9',
  },
  {
    name: 'joiner-takes-over',
    what: 'Whoever has listened long enough claims, although there is a reviewer.',
    edits: [
      {
        module: 'sync/election.ts',
        from: 'if (this.#claim || !reached || isHomed || !mayReview) return undefined',
        to: "if (this.duty.kind === 'reviews' || !reached || isHomed || !mayReview) return undefined",
      },
    ],
    seed: 2,
    workload: 'W9',
  },
  {
    name: 'orphan-of-another-shown',
    what: 'What another reviewer had accepted stays in view, although it is of no lineage that is followed.',
    edits: [
      {
        module: 'client/peers/view.ts',
        from: 'const gone = lost.filter((entry) => !needed.has(entry))',
        to: 'const gone: Entry[] = []',
      },
    ],
    seed: 165,
  },
  {
    name: 'unsigned-verdict-believed',
    what: 'A batch of a peer counts without its signature.',
    edits: [
      {
        module: 'sync/peer-session.ts',
        from: "if (!(await host.verify(claim.key, bytes, position.sig ?? '')) || !isLive()) return false",
        to: 'if (!isLive()) return false',
      },
    ],
    seed: 18,
    workload: 'W9',
  },
  {
    name: 'unsealed-shown',
    what: 'What a peer has accepted is shown whoever has sealed it.',
    edits: [
      {
        module: 'sync/peer-seals.ts',
        from: 'if (!(await isSealOf(flush, { publicKey, seal }, this.#parts.verify))) return false',
        to: '',
      },
    ],
    seed: 501,
  },
  {
    name: 'home-does-not-win',
    what: 'A peer goes on with its claim, or with that of another, when home reviews again.',
    edits: [
      { module: 'client/peers/peering.ts', from: 'isHomed: !isAway,', to: 'isHomed: false,' },
    ],
    seed: 130,
    workload: 'W9',
  },
  {
    name: 'stays-for-ever',
    what: 'What others wrote while home was away is shown for ever, although nobody brings it.',
    edits: [{ module: 'client/peers/peering.ts', from: 'this.#view.release()', to: '' }],
    seed: 165,
  },
  {
    name: 'not-named',
    what: 'An author does not say that it has seen what peers have reviewed.',
    edits: [
      {
        module: 'client/outbox/author-view.ts',
        from: 'if (sessionId === own) continue',
        to: 'if (sessionId === own || entry.provisional) continue',
      },
    ],
    seed: 2,
    workload: 'W9',
  },
  {
    name: 'nobody-brings',
    what: 'What an author wrote with the peers stays with them when the author is gone.',
    edits: [
      {
        module: 'client/peers/bringing.ts',
        from: 'this.#later(WAIT_MS + SPREAD_MS * random.unit())',
        to: 'void random',
      },
    ],
    seed: 3,
    workload: 'W9',
  },
  {
    name: 'brought-unsealed',
    what: 'Home believes whoever brings it something, whoever has sealed it.',
    edits: [
      {
        module: 'node/brought.ts',
        from: 'if ((await Promise.all(checks)).every(Boolean)) return brought',
        to: 'if (checks.length > 0) return brought',
      },
    ],
    seed: 175,
    workload: 'W9',
  },
  {
    name: 'given-up-at-once',
    what: 'What was written on a message of an author that is gone is given up before peers can bring that message.',
    edits: [{ module: 'client/outbox/orphans.ts', from: '!isWaitedFor && ', to: '' }],
    seed: 133,
    workload: 'W9',
  },
  {
    name: 'session-not-kept',
    what: 'A session that has written nothing is forgotten with the process that had bound it.',
    edits: [{ module: 'node/bind.ts', from: 'if (isKept) ledger.keep(sessionId)', to: '' }],
    seed: 7,
    workload: 'W9',
  },
]
