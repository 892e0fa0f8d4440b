/** Reads the rows of a scope from the store, each as it is when it is read. */
import { bytesOf } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import { isInScope } from '../fold/in-scope.ts'
import type { EntityState } from '../fold/state.ts'
import type {
  ScanPage,
  SpaceStore,
  StateKeyRange,
  StateScan,
  StateText,
  Stored,
} from '../ports/space-store.ts'
import type { SpaceState } from '../review/space.ts'
import type { KeyedTypes } from '../review/state-keys.ts'
import { readState, stateOf } from '../review/stored.ts'
import type { Scope } from '../wire/scopes.ts'
import type { SpaceSource } from './source.ts'

const READ_BYTES = bytesOf(262_144)
/** Rows of a scope of ids that are read at a time. */
const IDS_STEP = 32

export interface StateOf {
  readonly id: Uuid
  readonly type: string
  readonly state: EntityState
}

export interface ScopeStatesParts {
  readonly space: SpaceState
  readonly source: SpaceSource
  readonly store: SpaceStore
  readonly keyed: KeyedTypes
  readonly head: () => { readonly seq: number }
  /** Runs one read after the other: a store has few scans. */
  readonly reading: <T>(read: () => Promise<T>) => Promise<T>
}

/** Another process has written states of messages that this one does not know. */
export class AheadOfHere extends Error {
  override readonly name = 'AheadOfHere'
}

/**
 * The states of a scope, some at a time; the caller uses each part before it asks for the next. A row
 * that is newer in the cache is read from there. What is written between two pages may be missed: it
 * was changed since the scope is followed, or was not in the store then, and is sent separately.
 * @throws AheadOfHere
 */
export async function* statesOfScope(
  scope: Scope,
  { space, source, store, keyed, head, reading }: ScopeStatesParts,
): AsyncIterableIterator<readonly StateOf[]> {
  if (scope.ids) {
    yield* statesOfIds(scope, scope.ids, { space, source, reading })
    return
  }
  const table = space.registers(scope.type)
  const keys = keyed.ofScope(scope)
  for (let after: string | undefined; ;) {
    const from = after
    const page = await reading(() => pageFrom(store, scope.type, { keys, from }))
    const { states, next, through } = page
    if (through > head().seq) throw new AheadOfHere('the store is ahead of this reviewer')
    const found: StateOf[] = []
    for (const stored of states) {
      const one = cached(stored, space) ?? read(stored, space)
      const { type, state } = one ?? (await source.refolded(stored.entity))
      if (isInScope(state, scope, table)) found.push({ id: stored.entity, type, state })
    }
    if (found.length > 0) yield found
    if (next === undefined) return
    after = next
  }
}

async function* statesOfIds(
  { type }: Scope,
  ids: readonly Uuid[],
  { space, source, reading }: Pick<ScopeStatesParts, 'space' | 'source' | 'reading'>,
): AsyncIterableIterator<readonly StateOf[]> {
  for (let from = 0; from < ids.length; from += IDS_STEP) {
    const asked = ids.slice(from, from + IDS_STEP)
    // What is loaded may be evicted while the rest is.
    while (!asked.every((id) => space.has(id))) await reading(() => source.entities(asked))
    const found = asked.flatMap((id) => {
      const entity = space.entity(id)
      return entity?.type === type ? [{ id, ...entity }] : []
    })
    if (found.length > 0) yield found
  }
}

/** The states of a scope that are newer in the cache than in the store. */
export function dirtyInScope(scope: Scope, space: SpaceState): readonly StateOf[] {
  const { type } = scope
  const table = space.registers(type)
  return space
    .dirtyStates()
    .filter((each) => each.type === type && isInScope(each.state, scope, table))
}

/** One page, by a scan of its own: a slow reader holds none. */
async function pageFrom(
  store: SpaceStore,
  type: string,
  { keys, from }: { readonly keys: StateKeyRange | undefined; readonly from: string | undefined },
): Promise<ScanPage & Pick<StateScan, 'through'>> {
  const scan = await store.scan(type, keys)
  try {
    return { ...(await scan.page(from, READ_BYTES)), through: scan.through }
  } finally {
    await scan.close()
  }
}

/** The state in the cache, which is the newest. */
function cached({ entity: id }: Stored<StateText>, space: SpaceState): StateOf | undefined {
  const known = space.has(id) ? space.entity(id) : undefined
  return known && { id, ...known }
}

function read(stored: Stored<StateText>, space: SpaceState): StateOf | undefined {
  const { entity: id, type } = stored
  const page = readState(stored)
  return page && { id, type, state: stateOf(page, space.registers(type)) }
}
