/**
 * The space of a desk, opened from its durable content, for tests of single parts of a reviewer. Calls
 * to the store run synchronously, and are recorded.
 */
import type { Uuid } from '../base/uuid.ts'
import type { Write } from '../history/entry.ts'
import { LIMITS, type Limits } from '../facts/limits.ts'
import { spacesOver } from '../ports/space-over.ts'
import type { SpaceStore, SpaceTables } from '../ports/space-store.ts'
import { EVERYBODY_MAY } from '../review/capabilities.ts'
import { decide } from '../review/decide.ts'
import type { Decision, Offer } from '../review/decision.ts'
import { Missing, type Need } from '../review/missing.ts'
import { type OpenSpace, openSpace } from '../node/open.ts'
import { SpaceRows } from '../review/rows.ts'
import { foldsOf, typesOf } from '../review/schema-rules.ts'
import { cachesOf } from '../review/caches.ts'
import { DESK_SPACE, type Desk, type DeskOptions, type HandMessage } from './desk.ts'
import { SeededRandom } from './seeded-random.ts'

/** A store over the tables, without delays. */
export function storeOf(tables: SpaceTables, space: Uuid = DESK_SPACE): SpaceStore {
  return spacesOver(() => async (_, step) => step(tables)).open(space)
}

/** Wraps a store to record the names of the calls to it. */
export function recorded(store: SpaceStore): { store: SpaceStore; calls: string[] } {
  const calls: string[] = []
  const recording = new Proxy(store, {
    get(target, name: keyof SpaceStore) {
      return (...given: unknown[]) => {
        calls.push(name)
        return (target[name] as (...all: unknown[]) => unknown)(...given)
      }
    },
  })
  return { store: recording, calls }
}

export interface OpenedSpace {
  readonly open: OpenSpace
  readonly store: SpaceStore
  /** Names of the calls to the store. */
  readonly calls: string[]
  readonly rows: SpaceRows
  readonly limits: Limits
  /** Entities whose damaged state was folded again. */
  readonly refolded: readonly Uuid[]
  /** Makes one decision from the caches, without loading. @throws Missing */
  decide(offers: readonly Offer<object>[], history?: History): Decision<object>
  /** Loads missing items until there is a decision. Also returns the missing items, in order. */
  decided(
    offers: readonly Offer<object>[],
  ): Promise<{ decision: Decision<object>; needs: readonly Need[] }>
}

type History = ReadonlyMap<Uuid, readonly Write[] | 'long'>

/** Opens the space of a desk. `through`: another store to read it through. */
export async function openDesk(
  desk: Desk,
  options: DeskOptions = {},
  through: (store: SpaceStore) => SpaceStore = (store) => store,
): Promise<OpenedSpace> {
  const { clock, signer, keys } = desk
  const limits = { ...LIMITS, ...options.limits }
  const { rules = {}, review, assign: assigners = {} } = options
  const types = typesOf(options.entities)
  const { store, calls } = recorded(through(storeOf(desk.spaces.tables(DESK_SPACE))))
  const folds = foldsOf(types, () => {})
  const refolded: Uuid[] = []
  const parts = {
    store,
    keys,
    signer,
    clock,
    limits,
    restored: false,
    marks: undefined,
    caches: cachesOf(limits),
    foldsOf: folds,
    onRefolded: (id: Uuid) => void refolded.push(id),
  }
  const open = await openSpace({ ...parts, space: DESK_SPACE })
  const { space, ledger, persons, revocations, lineage, source } = open
  const rows = new SpaceRows(space, types)
  const deciding = (
    offers: readonly Offer<object>[],
    history: History,
  ): Generator<Need, Decision<object>> =>
    decide(offers, {
      ...{ space, ledger, persons, revocations, lineage, limits, types, rows, history },
      ...{ rules, review, canRead: undefined, assigners },
      spaceId: DESK_SPACE,
      head: open.head,
      now: clock.now(),
      random: new SeededRandom(3), // the same salts in each decision
    })
  return {
    ...{ open, store, calls, rows, limits, refolded },
    decide: (offers, history = new Map()) => {
      // As a desk does before it decides; here no author has a login.
      for (const { record } of offers) persons.loaded(record.authorId, undefined)
      const { done, value } = deciding(offers, history).next()
      if (done) return value
      throw new Missing(value)
    },
    decided: async (offers) => {
      await source.authors(offers.map(({ record }) => record.authorId))
      const needs: Need[] = []
      const history = new Map<Uuid, readonly Write[] | 'long'>()
      const steps = deciding(offers, history)
      for (;;) {
        const { done, value } = steps.next()
        if (done) return { decision: value, needs }
        needs.push(value)
        await source.need(value, history)
      }
    },
  }
}

/** The offer of a message, as after the verification of its seal. */
export function offerOf({ flush, session }: HandMessage, connection: object = {}): Offer<object> {
  const { sessionId, authorId, personalCommit } = session.facts
  const record = { sessionId, authorId, personalCommit, publicKey: '', personalId: 'somebody' }
  const person = { id: 'somebody', proved: false, claims: undefined }
  return { connection, session, flush, sig: 'a seal', record, person, may: new Set(EVERYBODY_MAY) }
}
