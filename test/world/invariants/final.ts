/** Invariants at the end, when all faults have ended and nothing is left to do. */
import type { AnyRow } from '@countersign/core'
import { CoreFold } from '../../model/core-fold.ts'
import type { OracleMessage } from '../../model/oracle.ts'
import { causalOrder } from '../../model/order.ts'
import { isDeepStrictEqual } from 'node:util'
import type { EntityHistory } from '../facts.ts'
import { isIn } from '../shapes.ts'
import type { Visit } from '../visit.ts'
import { s1Prefix } from './parts.ts'
import { screenFor, typeNamed } from '../entities.ts'
import { Published } from '../versioned.ts'
import { scan } from '../scan.ts'
import type { Sight } from '../sight.ts'
import { SPACE } from '../truth.ts'
import { must } from '../violation.ts'
import { s18Mine } from './persons.ts'
import { s24Store } from './stored.ts'
import { dsk4Bounded, dsk5RefusedAreKept } from './trimmed.ts'
import { s10LosersAreTold, s3AcksAreDurable, s4RefusalsAreKept } from './verdicts.ts'
import type { World } from '../world.ts'

export function checkFinally(world: World): void {
  s1Converged(world)
  s2OrderIndependence(world)
  s3AcksAreDurable(world.truth, world.acks)
  s4RefusalsAreKept(world.truth, world.acks, world.visits)
  s10LosersAreTold(world.truth, world.acks)
  s24Store(world.truth, world.spaces.tables(SPACE))
  s4EveryOutboxAnswered(world)
  s4DraftsAreAnswered(world)
  s9NoSilentOverwrite(world)
  s15QueriesAreScans(world)
  s18MineAreMine(world)
  const { devices, visits, plan } = world
  dsk5RefusedAreKept(world.truth, devices)
  dsk4Bounded({ devices, visits, bytesMax: plan.bounds.settledOwnBytesMax })
}

/** No row of another person is shown as mine. */
function s18MineAreMine({ logins, visits, tally }: World): void {
  if (!logins) return
  for (const { watch, types, device, store } of visits) {
    const { authorId } = store.status.getState()
    for (const row of types.flatMap((type) => watch!.rows(type)))
      if (s18Mine(logins, row, logins.personOf(device.name)) && row.$createdBy !== authorId)
        tally.hit('row of another author id is mine')
  }
}

/** Every replica shows exactly the rows that the reviewer's messages make, and all of them the same. */
function s1Converged(world: World): void {
  const { truth } = world
  const present = [...truth.facts.entities()].filter(
    (history) => history.acceptedAt(truth.seq) !== 0n,
  )
  // Those who read in one version, and know the same of the others, see the same.
  const pictures = new Map<string, Picture>()
  for (const visit of world.visits) {
    const { watch, name, types, reading, device } = visit
    watch!.check()
    const sights = new Map([...watch!.sights()].map((sight) => [sight.history.id, sight]))
    const odd = watch!.unexplained()
    must(odd === undefined, 'S1', () => `${name}: ${odd}`)
    const followed = device.isFollower ? present.filter((each) => isFollowed(visit, each)) : present
    for (const history of followed) {
      const mask = sights.get(history.id)?.mask ?? 0n
      must(
        mask === history.acceptedAt(truth.seq),
        'S1',
        () => `${name} shows another ${history.name} than the reviewer has`,
      )
      const { row } = sights.get(history.id)!
      must(
        row!.$state === 'canonical',
        'S1',
        () => `${name} still calls ${history.name} ${row!.$state}`,
      )
    }
    for (const { history, mask, row } of device.isFollower ? sights.values() : [])
      if (row) s1Prefix(history, mask, name)
    const shown = [...types, Published].reduce((sum, type) => sum + watch!.rows(type).length, 0)
    must(
      shown === present.length || device.isFollower,
      'S1',
      () => `${name} has ${shown} rows, the reviewer ${present.length}`,
    )
    const picture = new Map(followed.map(({ id }) => [id, byteForByte(sights.get(id)!)]))
    const first = pictures.get(reading.key) ?? { name, rows: picture }
    pictures.set(reading.key, { ...first, rows: new Map([...picture, ...first.rows]) })
    for (const [id, text] of picture) {
      const other = first.rows.get(id) ?? text
      must(text === other, 'S1', () => `${name} and ${first.name} differ: ${text} and ${other}`)
    }
  }
}

/** Whether a store that follows scopes follows that row. */
function isFollowed(visit: Visit, history: EntityHistory): boolean {
  const { followed } = visit
  const { type } = history
  if (!visit.mayRead(history, Infinity)) return false
  const row = history.expected(history.acceptedAt(Infinity))
  return [...followed.keys()].some((shape) => shape.type.name === type && isIn(shape, row))
}

interface Picture {
  readonly name: string
  readonly rows: ReadonlyMap<string, string>
}

/**
 * A row as all readers must see it. The shown value of a conflict depends on the reader, and so does
 * whether the row breaks a rule.
 */
function byteForByte(sight: Sight): string {
  const row = sight.row!
  const type = typeNamed.get(sight.history.type)!
  const conflicts = Object.entries(row.$conflicts)
    .map(([field, { candidates }]) => [
      field,
      candidates.map((candidate) => ({ ...candidate, mine: undefined })),
    ])
    .sort(([a], [b]) => (a! < b! ? -1 : 1))
  const clean = Object.entries(row).filter(([field]) => !(field in row.$conflicts))
  const isArchived = '$archived' in row.$conflicts ? 'in conflict' : row.$archived
  const meta = [
    row.$orderKey,
    row.$createdOrderKey,
    row.$author,
    row.$reviewer,
    row.$heads,
    row.$timestamp,
  ]
  if (type.options.rule) return JSON.stringify([isArchived, meta])
  return JSON.stringify([clean.sort(([a], [b]) => (a < b ? -1 : 1)), conflicts, isArchived, meta])
}

/** Core's fold gives the oracle's rows in any causal order, with duplicates. */
function s2OrderIndependence({ truth, random }: World): void {
  const messages: OracleMessage[] = truth.accepted.map(({ oracle }) => oracle)
  const core = new CoreFold((id) => truth.facts.get(id)!.seq)
  for (const message of causalOrder(messages, random.split(), 0.2)) core.deliver(message)
  for (const history of truth.facts.entities()) {
    const mask = history.acceptedAt(truth.seq)
    if (mask === 0n) continue
    const expected = history.expected(mask)
    must(
      isDeepStrictEqual(core.row(history.id), expected),
      'S2',
      () => `core folds ${history.name} otherwise in another order`,
    )
  }
}

/**
 * Every message that was durable on a surviving disk has a verdict, or depends on one that was
 * refused.
 */
function s4EveryOutboxAnswered({ truth, devices }: World): void {
  for (const device of devices) {
    // A draft may be lost though the message that it was sealed into is known.
    const lost = new Set([...device.lost, ...truth.idsOfDrafts(device.lostDrafts)])
    for (const id of truth.durableOf(device.name)) {
      if (truth.isHopeless(id, lost)) continue
      const isAnswered = truth.facts.get(id)?.seq !== undefined || truth.isRefused(id)
      must(
        isAnswered,
        'S4',
        () => `${truth.facts.nameOf(id)} was durable on ${device.name}, and has no verdict`,
      )
    }
  }
}

/** A surviving draft is sealed by the next store that opens, and so has a verdict, too. */
function s4DraftsAreAnswered({ truth, devices, tally }: World): void {
  for (const { name, hasLostOnlyDrafts, lostDrafts } of devices) {
    if (!hasLostOnlyDrafts) continue
    const [left] = truth.unansweredDrafts(name, lostDrafts)
    must(left === undefined, 'S4', () => `draft ${left} was durable on ${name}, without a verdict`)
    tally.hit('draft answered', truth.draftedOf(name).size)
  }
}

/** When its tabs have closed, no disk has a message without a verdict. */
export function s4OutboxesEmpty({ devices }: World): void {
  for (const { disk, hadTrouble, name } of devices) {
    const left = disk?.content.outbox ?? []
    must(
      left.length === 0 || hadTrouble,
      'S4',
      () => `${name} still keeps ${left.length} flushes as unanswered`,
    )
  }
}

/** Only a write that had seen another one overwrites it: in the order of the reviewer, core's fold loses no other. */
function s9NoSilentOverwrite({ truth }: World): void {
  const core = new CoreFold((id) => truth.facts.get(id)!.seq)
  for (const { oracle, name } of truth.accepted) {
    const before = oracle.changes.map(({ entity }) => core.row(entity))
    core.deliver(oracle)
    for (const [i, { entity, parents }] of oracle.changes.entries()) {
      const gone = lostWrites(before[i]?.live, core.row(entity)!.live)
      if (gone.length === 0) continue
      const history = truth.history(entity)!
      const seen = history.closure(parents)!
      for (const id of gone) {
        must(
          (seen & history.bitOf(id)) !== 0n,
          'S9',
          () => `${name} overwrote ${truth.facts.nameOf(id)} without having seen it`,
        )
      }
    }
  }
}

type Live = ReadonlyMap<string, readonly { readonly by: string }[]>

function lostWrites(before: Live | undefined, after: Live): string[] {
  return [...(before ?? [])].flatMap(([reg, writes]) => {
    const left = new Set((after.get(reg) ?? []).map(({ by }) => by))
    return writes.map(({ by }) => by).filter((by) => !left.has(by))
  })
}

/** One-shot queries, too. */
function s15QueriesAreScans(world: World): void {
  const random = world.random.split()
  for (const { store, watch, name, build } of world.visits) {
    for (let queries = 4; queries > 0; queries--) {
      const { type, query } = screenFor(random, build)
      const rows = store.query(type, query as never).rows as unknown as readonly AnyRow[]
      const expected = scan(watch!.rows(type), query)
      must(
        isDeepStrictEqual(
          rows.map(({ id }) => id),
          expected.map(({ id }) => id),
        ),
        'S15',
        () =>
          `${name}: ${type.name} ${JSON.stringify(query)} answers ${rows.length} rows, a scan ${expected.length}`,
      )
    }
  }
}
