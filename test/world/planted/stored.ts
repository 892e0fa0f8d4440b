/** Bugs in what the reviewer keeps in its store, and in what it holds of it at hand. */
import type { Planted } from '../plant.ts'

export const STORED: readonly Planted[] = [
  {
    name: 'states-ahead',
    what: 'States are written as if they were those of an earlier seq.',
    edits: [
      {
        module: 'node/behind.ts',
        from: 'const head = this.#parts.head()\n    if (this.#stopped || this.#through >= head) return',
        to: 'const head = Math.max(this.#through, this.#parts.head() - 1)\n    if (this.#stopped || this.#through >= head) return',
      },
      {
        module: 'node/behind.ts',
        from: 'if (dirty.some(({ seqs }) => seqs.at(-1)! > head)) {',
        to: 'if (dirty.length < 0) {',
      },
      {
        module: 'node/behind.ts',
        from: 'seq: seqs.at(-1)!,',
        to: 'seq: Math.min(head, seqs.at(-1)!),',
      },
      {
        module: 'node/behind.ts',
        from: 'seqs.map((seq) => ({ entity: id, seq, text: ',
        to: 'seqs.filter((seq) => seq <= head).map((seq) => ({ entity: id, seq, text: ',
      },
    ],
    seed: 1,
  },
  {
    name: 'change-not-written',
    what: 'Of several changes of a row that are written together, the store has the newest only.',
    edits: [
      {
        module: 'node/behind.ts',
        from: 'seqs.map((seq) => ({ entity: id, seq, text: ',
        to: 'seqs.slice(-1).map((seq) => ({ entity: id, seq, text: ',
      },
    ],
    seed: 1,
  },
  {
    name: 'state-not-written',
    what: 'Of many rows that wait to be written only the first ones are, and the seq still moves.',
    edits: [
      {
        module: 'node/behind.ts',
        from: 'const dirty = space.dirtyStates()',
        to: 'const dirty = space.dirtyStates().slice(0, 2)',
      },
    ],
    seed: 1,
  },
  {
    name: 'written-too-early',
    what: 'States whose write failed count as written.',
    edits: [
      {
        module: 'node/behind.ts',
        from: '} catch (error) { onError(error)',
        to: '} catch (error) { this.#through = head; space.written(head); onError(error)',
      },
    ],
    seed: 3,
  },
  {
    name: 'append-not-awaited',
    what: 'A commit counts before the store has answered.',
    edits: [
      {
        module: 'node/desk.ts',
        from: "if ((await store.append(commit)) === 'fenced') return false",
        to: 'void store.append(commit).catch(() => {})',
      },
    ],
    seed: 1,
  },
  {
    name: 'ledger-forgets-refusals',
    what: 'The numbers of refused messages are not stored.',
    edits: [
      {
        module: 'node/desk.ts',
        from: 'const refused = decision.refused.filter(({ isFirst }) => isFirst)',
        to: 'const refused = decision.refused.filter(({ isFirst }) => isFirst && decision.stored)',
      },
    ],
    seed: 2,
  },
  {
    name: 'evicted-while-dirty',
    what: 'A row is evicted from the cache before the store has it.',
    edits: [
      {
        module: 'review/space.ts',
        from: 'entity === null || (!this.#arriving.has(entity.type) && !this.#isDirty(entity))',
        to: 'entity === null || !this.#arriving.has(entity.type)',
      },
      {
        module: 'review/space.ts',
        from: '.map(([id, seqs]) => ({ id, seqs: [...seqs], ...this.#present(id) }))',
        to: '.flatMap(([id, seqs]) => (this.#find(id) ? [{ id, seqs: [...seqs], ...this.#present(id) }] : []))',
      },
    ],
    seed: 2,
  },
  {
    name: 'base-of-what-is-at-hand',
    what: 'A base is searched in changes that the store does not have yet.',
    edits: [
      {
        module: 'node/source.ts',
        from: 'await this.#storedSeqs(id, below, countMax - newer.length)',
        to: 'newer.length > 0 ? [] : await this.#storedSeqs(id, below, countMax)',
      },
    ],
    seed: 32,
  },
  {
    name: 'refusals-not-read',
    what: 'Used numbers are not searched in the store.',
    edits: [
      {
        module: 'node/source.ts',
        from: 'ledger.noteVerdict(sessionId, asked[i]!, answer)',
        to: "ledger.noteVerdict(sessionId, asked[i]!, answer.kind === 'refused' ? { kind: 'unknown' } : answer)",
      },
    ],
    seed: 2,
  },
  {
    name: 'resync-without-replay',
    what: 'Commits of another process move the head, and change no row.',
    edits: [
      {
        module: 'node/desk.ts',
        from: 'await replay(this.open, { after: known, head }, store)',
        to: 'void replay',
      },
    ],
    seed: 1,
  },
  {
    name: 'resync-keeps-verdicts',
    what: 'Decisions of another process are not read.',
    edits: [
      {
        module: 'node/desk.ts',
        from: 'this.open.ledger.forgetVerdicts() this.open.persons.forget()',
        to: 'this.open.persons.forget()',
      },
    ],
    seed: 1,
  },
  {
    name: 'start-without-replay',
    what: 'States that were not written behind are lost with the process.',
    edits: [
      {
        module: 'node/open.ts',
        from: 'await replay(open, { after: through, head }, store)',
        to: '',
      },
    ],
    seed: 4,
  },
  {
    name: 'settled-of-one-run',
    what: 'A snapshot names only the first accepted messages of a session.',
    edits: [
      {
        module: 'node/catch-up.ts',
        from: 'const runs = found.flatMap((run) => acceptedUpTo(run, upTo) ?? [])',
        to: 'const runs = found.slice(0, 1).flatMap((run) => acceptedUpTo(run, upTo) ?? [])',
      },
    ],
    seed: 5,
  },
  {
    name: 'half-row-shown',
    what: 'A pending change of a row that is not here is shown as a row.',
    edits: [
      {
        module: 'rows/table.ts',
        from: "return state || write.kind === 'create' ? apply(state, write) : undefined",
        to: 'return apply(state, write)',
      },
    ],
    seed: 268,
  },
  {
    name: 'late-parent-not-linked',
    what: 'A message that was read before its parents has none.',
    edits: [
      {
        module: 'client/outbox/pending-intake.ts',
        from: 'linkParents(entry, (sessionId, clientSeq) => repo.messages.find(sessionId, clientSeq))',
        to: 'void linkParents',
      },
    ],
    seed: 1192,
  },
]
