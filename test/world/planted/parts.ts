/** Bugs in what links are told that follow parts of the space, and in what their stores make of it. */
import type { Planted } from '../plant.ts'

export const PARTS: readonly Planted[] = [
  {
    name: 'move-out-not-sent',
    what: 'A row that leaves a scope is not sent to its followers.',
    edits: [
      {
        module: 'node/views.ts',
        from: 'if (was) this.#index.find(type, was, table, found)',
        to: 'if (!was) this.#index.find(type, after, table, found)',
      },
    ],
    seed: 17,
  },
  {
    name: 'complete-by-type',
    what: 'A result is complete as soon as any rows of its type are followed.',
    edits: [
      {
        module: 'wire/scopes.ts',
        from: 'outer.type === inner.type && outer.equal.every(isAmong) && isRangeWide(outer, inner)',
        to: 'outer.type === inner.type && (outer.equal.every(isAmong) || isRangeWide(outer, inner))',
      },
    ],
    seed: 17,
  },
  {
    name: 'range-not-compared',
    what: 'A range counts as covered by any other range of the same register.',
    edits: [
      {
        module: 'wire/scopes.ts',
        from: 'if (!range || (inner.range && containsRange(range, inner.range))) return true',
        to: 'if (!range || inner.range?.reg === range.reg) return true',
      },
    ],
    seed: 17,
  },
  {
    name: 'no-cut',
    what: 'The author of a write on a row claims to have seen all of the row up to its position.',
    edits: [
      {
        module: 'client/outbox/author-view.ts',
        from: 'if (!this.#parts.isPartial || seq === 0) return undefined',
        to: 'if (this.#parts.isPartial || seq === 0) return undefined',
      },
    ],
    seed: 155,
  },
  {
    name: 'left-rows-stay',
    what: 'Rows that have left a scope while a link was broken stay in it.',
    edits: [
      {
        module: 'sync/tail.ts',
        from: 'if (has(id)) table.keep(id)',
        to: 'if (has(id) || whole.length > 0) table.keep(id)',
      },
    ],
    seed: 17,
  },
  {
    name: 'older-states-taken',
    what: 'A state that was read before another one, and sent after it, replaces it.',
    edits: [
      {
        module: 'sync/tail.ts',
        from: 'const isNews = seqOf(entity) > (here ? seqOfState(here) : 0)',
        to: 'const isNews = seqOf(entity) !== (here ? seqOfState(here) : 0)',
      },
      {
        module: 'sync/tail.ts',
        from: 'if (isNews && (!known || seqOf(entity) > seqOf(known))) newest.set(entity.id, entity)',
        to: 'if (isNews) newest.set(entity.id, entity)',
      },
    ],
    seed: 49,
    workload: 'W14',
  },
  {
    name: 'missed-states-ignored',
    what: 'A lost frame of states is not noticed.',
    edits: [
      {
        module: 'sync/scoped-pull.ts',
        from: 'if (frame.no > this.#next) {',
        to: 'if (frame.no > this.#next) this.#next = frame.no\n    if (frame.no > this.#next) {',
      },
    ],
    seed: 155,
  },
  {
    name: 'own-rows-not-told',
    what: 'The author of a row that it does not follow does not get its state.',
    edits: [
      {
        module: 'node/views.ts',
        from: 'for (const { entityId } of changes) add(entityId)',
        to: 'for (const { entityId } of changes) if (touched.get(view)?.has(entityId)) add(entityId)',
      },
    ],
    seed: 40,
  },
  {
    name: 'unwritten-rows-not-sent',
    what: 'A new scope lacks the rows that the store of the reviewer does not have yet.',
    edits: [
      {
        module: 'node/views.ts',
        from: 'const dirty = dirtyInScope(scope, this.#parts.space)',
        to: 'const dirty = dirtyInScope(scope, this.#parts.space).slice(0, 0)',
      },
    ],
    seed: 408,
  },
  {
    name: 'kept-though-changed',
    what: 'After a broken link, changed rows are named as unchanged.',
    edits: [
      {
        module: 'node/views.ts',
        from: '!isHere || seqOf(state) > seq',
        to: '!isHere || seqOf(state) > seq + 2',
      },
    ],
    seed: 155,
    workload: 'W14',
  },
  {
    name: 'withheld-row-sent',
    what: 'A scope is sent with the rows that a person may not read.',
    edits: [
      {
        module: 'node/views.ts',
        from: 'if (readers.mayRead(view.connection, one)) seen.set(one.id, one)',
        to: 'if (view.done < view.of || readers.mayRead(view.connection, one)) seen.set(one.id, one)',
      },
    ],
    seed: 17,
  },
  {
    name: 'withheld-row-stays',
    what: 'A store is not notified when a row of it is withheld.',
    edits: [
      {
        module: 'node/views.ts',
        from: 'if (view.shown.delete(id)) gone.push(id)',
        to: 'view.shown.delete(id)',
      },
    ],
    seed: 6,
    workload: 'W14',
  },
  {
    name: 'withheld-standing-told',
    what: 'A stale verdict has the values of a row that was withheld meanwhile.',
    edits: [
      {
        module: 'review/admit.ts',
        from: 'if (!canRead || places) return undefined',
        to: 'if (!canRead || places || changes.length > 0) return undefined',
      },
    ],
    seed: 500,
  },
  {
    name: 'withheld-history-told',
    what: 'The history of a withheld row is sent.',
    edits: [
      {
        module: 'node/history.ts',
        from: 'const mayAsk = await parts.mayAsk()',
        to: 'const mayAsk = (await parts.mayAsk()) || true',
      },
    ],
    seed: 454,
  },
  {
    name: 'page-without-its-end',
    what: 'A page lacks the rows with the value that ends it.',
    edits: [
      {
        module: 'client/reads/cuts.ts',
        from: '{ value: to, isIn: true }',
        to: '{ value: to, isIn: false }',
      },
    ],
    seed: 17,
  },
]
