/** Somebody between a tab and the reviewer is believed: one for each check of `sync/gate.ts`. */
import type { Planted } from '../plant.ts'

export const FORGERIES_BELIEVED: readonly Planted[] = [
  {
    name: 'position-unsigned',
    what: 'The signature of a position of a tail is not verified.',
    edits: [
      {
        module: 'sync/gate.ts',
        from: "return this.#signed(bytes, sig ?? '', 'a position').then((fault) => {",
        to: 'return Promise.resolve<string | undefined>(bytes.length > 0 ? undefined : sig).then((fault) => {',
      },
    ],
    seed: 167,
  },
  {
    name: 'batches-not-chained',
    what: 'Batches that do not end at the signed position are applied.',
    edits: [
      {
        module: 'sync/tail-plan.ts',
        from: 'return isAt && position.chain === end.batch.chain',
        to: 'return isAt',
      },
    ],
    seed: 226,
  },
  {
    name: 'rejection-unsigned',
    what: 'The signature of a rejection is not verified.',
    edits: [
      {
        module: 'sync/gate.ts',
        from: "? this.#signed(rejectionBytes(rejection), rejection.sig, 'a rejection')",
        to: '? (rejectionBytes(rejection), undefined)',
      },
    ],
    seed: 15,
  },
  {
    name: 'acceptance-unsigned',
    what: 'The signature of an acceptance is not verified.',
    edits: [
      {
        module: 'sync/gate.ts',
        from: "return this.#signed(bytes, sig, 'an acceptance')",
        to: 'return void [bytes, sig]',
      },
    ],
    seed: 197,
  },
  {
    name: 'snapshot-unsigned',
    what: 'The pages of a snapshot are not compared with its signature.',
    edits: [
      {
        module: 'sync/gate.ts',
        from: "(await this.#signed(bytes, sig, 'a snapshot')) ??",
        to: '(bytes.length > 0 ? undefined : sig) ??',
      },
      {
        // It covers the pages, too.
        module: 'sync/gate.ts',
        from: "(await this.#signed(about, settled?.sig ?? '', 'the own messages of a snapshot'))",
        to: '(about.length > 0 ? undefined : sig)',
      },
    ],
    seed: 241,
  },
  {
    name: 'settled-unsigned',
    what: 'The signature over the own messages of a snapshot is not verified.',
    edits: [
      {
        module: 'sync/gate.ts',
        from: "(await this.#signed(about, settled?.sig ?? '', 'the own messages of a snapshot'))",
        to: '(about.length > 0 ? undefined : sig)',
      },
    ],
    seed: 186,
  },
  {
    name: 'old-answer-taken',
    what: 'A replayed answer counts as the end of the present one.',
    edits: [
      {
        module: 'sync/gate.ts',
        from: 'if (position.seq < this.#floorSeq)',
        to: 'if (position.seq < 0)',
      },
      {
        // A link looks at what its greeting had, too.
        module: 'sync/link-life.ts',
        from: 'return (position?.seq ?? 0) >= this.greetedSeq',
        to: 'return (position?.seq ?? 0) >= 0',
      },
    ],
    seed: 469,
  },
  {
    name: 'checks-overtake',
    what: 'Frames after a forged one are still applied.',
    edits: [
      {
        module: 'sync/gate.ts',
        from: 'this.close() this.#events.forged(fault) break',
        to: 'continue',
      },
      {
        module: 'sync/gate.ts',
        from: 'const fault = check && (await check.catch(',
        to: 'if (next.frame.kind === "rejected") { this.#events.deliver(next.frame, next.text); continue }\n      const fault = check && (await check.catch(',
      },
    ],
    seed: 15,
  },
  {
    name: 'greeting-unsigned',
    what: 'A greeting of another link is accepted.',
    edits: [
      {
        module: 'client/identity/trust.ts',
        from: 'if (!isOfEpoch || !(await this.#parts.signer.verify(key, bytes, sig)))',
        to: 'if (!isOfEpoch || !(await this.#parts.signer.verify(key, bytes, sig).then(() => true)))',
      },
    ],
    seed: 100,
  },
  {
    name: 'any-reviewer',
    what: 'A reviewer of another key is followed.',
    edits: [
      {
        module: 'client/identity/trust.ts',
        from: 'return this.#key === undefined || this.#key === reviewerKey ? undefined : unknownReviewer()',
        to: 'return undefined',
      },
      {
        module: 'client/identity/trust.ts',
        from: 'if (this.#key !== undefined && this.#key !== key) return unknownReviewer()',
        to: 'this.#key = key',
      },
    ],
    seed: 1978,
  },
  {
    name: 'bind-unproved',
    what: 'A session is bound with its opening alone, over any link.',
    edits: [
      {
        module: 'node/verify.ts',
        from: 'if (!(await signer.verify(publicKey, bindBytes(space, sessionId, nonce), opening.proof)))',
        to: 'if (bindBytes(space, sessionId, nonce).length === 0)',
      },
    ],
    seed: 222,
  },
]
