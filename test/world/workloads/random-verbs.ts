/**
 * W1: anything. Persons create, update, archive and restore rows of several types, resolve conflicts,
 * undo, deal with refused messages, and now and then make an invalid call.
 */
import { type AnyRow, type Receipt, type RefusedMessage, isUnreadable } from '@countersign/core'
import { isDeepStrictEqual } from 'node:util'
import {
  Account,
  Log,
  OPEN_TYPES,
  Page,
  Place,
  Task,
  type WorldType,
  givenId,
  policiesOf,
  valuesFor,
} from '../entities.ts'
import { must } from '../violation.ts'
import type { Visit } from '../visit.ts'
import { type Written, dealWithRefusal, pictureOf, takeBack } from './second-thoughts.ts'
import { NOTHING, Workload } from './workload.ts'

export class RandomVerbs extends Workload {
  override write(visit: Visit): void {
    const roll = this.random.unit()
    // Rare, and handled soon: the message is written again while others still write there.
    const refusals = contestedOf(visit).length > 0 ? 0.4 : 0.09
    if (roll < 0.04) this.#takeBack(visit)
    else if (roll < refusals) this.guarded(visit, () => this.#dealWithRefusal(visit) ?? NOTHING)
    else super.write(visit)
  }

  #dealWithRefusal(visit: Visit): Written | undefined {
    const { tally } = this.world
    const contested = contestedOf(visit)
    const written = dealWithRefusal(visit, this.random, (message) => this.mayReauthor(message))
    if (!written) return undefined
    tally.hit(written.ids.size > 0 ? 'reauthored' : 'discarded')
    if (contestedOf(visit).length === contested.length) return written
    for (const receipt of written.receipts)
      void receipt.settled().then(({ verdict }) => {
        if (verdict === 'accepted') tally.hit('contested, and accepted when it was written anew')
      })
    return written
  }

  /** Whether a refused message means the same when it is written once more. */
  protected mayReauthor(_message: RefusedMessage): boolean {
    return true
  }

  /** Writes, and undoes it. */
  #takeBack(visit: Visit): void {
    const before = pictureOf(visit)
    let isWritten = false
    this.guarded(visit, () => {
      const ids = new Set<string>()
      const receipt = this.verb(visit, ids)
      isWritten = true
      return { receipts: [receipt], ids }
    })
    if (!isWritten) return
    this.world.tally.hit('taken back')
    this.guarded(visit, () => takeBack(visit, before, this.random))
  }

  protected override verb(visit: Visit, written: Set<string>): Receipt {
    const decision = this.random.chance(0.1) ? this.#decideAny(visit, written) : undefined
    if (decision) return decision
    const type = this.pickType(visit)
    const rows = visit.watch!.rows(type)
    if (rows.length === 0 || this.random.chance(rows.length < 8 ? 0.35 : 0.12))
      return this.create(visit, type, written)
    return this.change(visit, { type, row: this.random.pick(rows) }, written)
  }

  protected pickType(_visit: Visit): WorldType {
    const types = [Task, Task, ...OPEN_TYPES]
    return this.random.pick(this.real ? [...types, Page, Page, Page] : types)
  }

  /** Values for some fields; with `all`, for every required one. */
  protected valuesOf(_visit: Visit, type: WorldType, all: boolean): Record<string, unknown> {
    return valuesFor(type, this, all)
  }

  /** A call has written these fields, and no others. */
  protected wrote(
    _visit: Visit,
    _at: { readonly type: WorldType; readonly id: string },
    _fields: readonly string[],
  ): void {}

  protected create(
    visit: Visit,
    type: WorldType,
    written: Set<string>,
    chosenId?: string,
  ): Receipt {
    const input = this.valuesOf(visit, type, true)
    const id = chosenId ?? givenId(type, this.random)
    const receipt = visit.store.create(type, input as never, id === undefined ? {} : { id })
    written.add(receipt.id)
    this.wrote(visit, { type, id: receipt.id }, Object.keys(input))
    this.readsOwn(visit, { type, id: receipt.id }, input)
    return receipt
  }

  protected change(
    visit: Visit,
    { type, row }: { readonly type: WorldType; readonly row: AnyRow },
    written: Set<string>,
  ): Receipt {
    const { store } = visit
    const decision = this.random.chance(0.3)
      ? this.decide(visit, { type, row }, written)
      : undefined
    if (decision) return decision
    const roll = this.random.unit()
    if (roll < 0.07) {
      const isArchive = this.random.chance(0.6)
      const receipt = isArchive ? store.archive(type, row.id) : store.restore(type, row.id)
      written.add(row.id)
      this.wrote(visit, { type, id: row.id }, ['$archived'])
      // After concurrent edits of others, a policy or a person has to decide.
      const isShown =
        this.isInTransaction ||
        this.rowOf(visit, type, row.id)!.$archived === isArchive ||
        row.$heads.length > 1 ||
        '$archived' in row.$conflicts
      must(isShown, 'S13', () => `${type.name} does not show that it was archived`)
      return receipt
    }
    if (roll < 0.09) return this.#wrong(visit, type, row)
    const patch = this.valuesOf(visit, type, false)
    if (type === Place && 'visits' in patch && this.random.chance(0.05)) patch['visits'] = 13
    if (type === Task && this.world.plan.heavy && this.random.chance(0.3))
      patch['title'] = 'x'.repeat(this.random.between(10, 60_000))
    const isLookedInto = !this.isInTransaction && this.random.chance(0.4)
    const open = isLookedInto ? row.$conflicts : {}
    const receipt = store.update(type, row.id, patch as never)
    written.add(row.id)
    this.wrote(visit, { type, id: row.id }, Object.keys(patch))
    const update: Update = { type, row, open, patch }
    const after = this.rowOf(visit, type, row.id)!
    // An earlier verb of the message may have let the function decide already.
    const mayMerge = (field: string): boolean => this.isInTransaction || field in row.$conflicts
    this.readsOwn(visit, { type, id: row.id }, unmerged(update, after, mayMerge))
    s9KeepsTheRest(update, after)
    return receipt
  }

  /** Resolves an entry of the list of all conflicts. */
  #decideAny(visit: Visit, written: Set<string>): Receipt | undefined {
    const open = this.isInTransaction ? [] : visit.store.conflicts().snapshot()
    if (open.length === 0) return undefined
    const { entity, id } = this.random.pick(open)
    const type = visit.typeNamed(entity.name)
    if (type === Log || type === Account) return undefined
    return this.decide(visit, { type, row: this.rowOf(visit, type, id)! }, written)
  }

  /** Resolves some of the conflicts of the row; undefined where it has none. */
  protected decide(
    visit: Visit,
    { type, row }: { readonly type: WorldType; readonly row: AnyRow },
    written: Set<string>,
  ): Receipt | undefined {
    const { random } = this
    const open = Object.entries(this.conflictsOf(row, written))
    if (open.length === 0) return undefined
    const values: Record<string, unknown> = {}
    for (const [field, { candidates }] of random.sample(open, random.between(1, open.length))) {
      const made = this.valuesOf(visit, type, true)[field]
      const readable = candidates.filter(({ value }) => !isUnreadable(value))
      const isNew = field !== '$archived' && made !== undefined && random.chance(0.3)
      values[field] = isNew || readable.length === 0 ? made : random.pick(readable).value
    }
    const receipt = visit.store.resolve(type, row.id, values as never)
    written.add(row.id)
    this.wrote(visit, { type, id: row.id }, Object.keys(values))
    this.world.tally.hit('conflict decided')
    const { $archived, ...fields } = values
    this.readsOwn(visit, { type, id: row.id }, fields)
    must(
      $archived === undefined || this.rowOf(visit, type, row.id)!.$archived === $archived,
      'S13',
      () => `${type.name} does not show what was decided about archiving it`,
    )
    return receipt
  }

  /** A call that must throw, and change nothing. */
  #wrong(visit: Visit, type: WorldType, row: AnyRow): Receipt {
    if (this.real && this.random.chance(0.5)) return this.#half(visit, type, row)
    const patch =
      type === Task ? { points: 'many' } : type === Place ? { visits: 1.5 } : { nothing: 1 }
    const receipt = visit.store.update(type, row.id, patch as never)
    must(false, 'S13', () => `${type.name} took a value that its schema refuses`)
    return receipt
  }

  /**
   * A text with half of a surrogate pair is refused at the call, in every field, and nothing
   * changes.
   */
  #half(visit: Visit, type: WorldType, row: AnyRow): Receipt {
    const half = this.real!.half()
    const texts = Object.keys(row).filter((field) => typeof row[field] === 'string')
    const field = this.random.pick([...texts, 'label'].filter((name) => name !== 'id'))
    const before = this.isInTransaction ? undefined : pictureOf(visit)
    const value = type === Page && this.random.chance(0.7) ? { deep: [{ half }] } : half
    const patch = type === Page && typeof value === 'object' ? { body: value } : { [field]: value }
    try {
      const receipt = visit.store.update(type, row.id, patch as never)
      must(false, 'S13', () => `${type.name} took half of a surrogate pair`)
      return receipt
    } finally {
      must(
        !before || isDeepStrictEqual(before, pictureOf(visit)),
        'S13',
        () => 'a call that was refused has changed something',
      )
    }
  }
}

/**
 * The part of an update that its author must be shown unchanged. In an open conflict an update replaces
 * only the shown value, and the other candidates stay (CONF7). A merge function that gave up before, or
 * met an unset value, may succeed now: then all readers are shown its result, which includes the written
 * value (CONF4). The oracle computes that result.
 */
function unmerged(
  { type, patch }: Update,
  after: AnyRow,
  mayMerge: (field: string) => boolean,
): Readonly<Record<string, unknown>> {
  const { fields } = policiesOf(type.name)
  const isMerged = (field: string, value: unknown): boolean => {
    const policy = fields.get(field)
    const shown = after[field]
    if (typeof policy !== 'function' || value === undefined || shown === undefined) return false
    return mayMerge(field) && isDeepStrictEqual(policy([value, shown]), shown)
  }
  return Object.fromEntries(
    Object.entries(patch).filter(([field, value]) => !isMerged(field, value)),
  )
}

/** Messages that are refused because a register was full. */
function contestedOf({ store }: Visit): readonly RefusedMessage[] {
  return store.refused.snapshot().filter(({ reason }) => reason === 'contested')
}

interface Update {
  readonly type: WorldType
  /** As its author saw it. */
  readonly row: AnyRow
  readonly open: AnyRow['$conflicts']
  readonly patch: Readonly<Record<string, unknown>>
}

/** An update of a field in conflict replaces the value that was shown, and no other candidate. */
function s9KeepsTheRest({ type, row, open, patch }: Update, after: AnyRow): void {
  const { fields, scope } = policiesOf(type.name)
  if (scope === 'row' || type.options.rule) return
  for (const field of Object.keys(patch)) {
    if (!open[field] || fields.has(field)) continue
    const left = after.$conflicts[field]?.candidates.map(({ value }) => value) ?? [after[field]]
    for (const { value } of open[field].candidates) {
      must(
        isDeepStrictEqual(value, row[field]) ||
          left.some((other) => isDeepStrictEqual(other, value)),
        'S9',
        () =>
          `an update of ${type.name}.${field} dropped ${JSON.stringify(value)}, another candidate`,
      )
    }
  }
}
