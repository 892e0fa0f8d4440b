/**
 * W6: apps of several ages. Builds with versions 1, 2 and 3 of the same types work side by side,
 * newer ones come out midway, one of them corrects a published step, and the reviewer is updated
 * some time later. `reading.ts` checks, wherever rows are checked, that every row is translated correctly to
 * its reader's version; this file has the writes of an app of one version (S19).
 */
import { type CountersignError, type Receipt, type RefusedMessage } from '@countersign/core'
import type { AuthoredMessage } from '@countersign/core/message'
import type { WorldType } from '../entities.ts'
import { Crate, Ticket, versionedValues } from '../versioned.ts'
import { must } from '../violation.ts'
import type { Visit } from '../visit.ts'
import { RandomVerbs } from './random-verbs.ts'

const VERSIONED: ReadonlySet<string> = new Set([Ticket.name, Crate.name])

/** By entity: the registers that calls have written. */
type Touched = Map<string, Set<string>>

export class MixedVersions extends RandomVerbs {
  /** Of the message that is being written. */
  #writing: Touched = new Map()
  readonly #written: { readonly receipt: Receipt; readonly touched: Touched }[] = []

  protected override pickType(visit: Visit): WorldType {
    return this.random.chance(0.15)
      ? super.pickType(visit)
      : visit.typeNamed(this.random.pick([Ticket, Ticket, Crate]).name)
  }

  protected override valuesOf(
    visit: Visit,
    type: WorldType,
    all: boolean,
  ): Record<string, unknown> {
    if (!VERSIONED.has(type.name)) return super.valuesOf(visit, type, all)
    return versionedValues({ type: type.name, build: visit.build! }, this.random, all)
  }

  override write(visit: Visit): void {
    if (this.random.chance(0.06)) this.#migrate(visit)
    else super.write(visit)
  }

  /** A version that was published with other content stays refused. */
  protected override mayReauthor({ changes }: RefusedMessage): boolean {
    return !changes.some(({ entity }) => entity.startsWith('$'))
  }

  protected override wrote(
    visit: Visit,
    { type, id }: { readonly type: WorldType; readonly id: string },
    fields: readonly string[],
  ): void {
    const touched = this.#writing.get(id) ?? new Set()
    this.#writing.set(id, touched)
    for (const field of fields) {
      const reg = VERSIONED.has(type.name) ? visit.versions!.registerOf(type.name, field) : field
      touched.add(reg)
    }
  }

  protected override committed(receipt: Receipt): void {
    if (this.#writing.size > 0) this.#written.push({ receipt, touched: this.#writing })
    this.#writing = new Map()
  }

  protected override givenUp(): void {
    this.#writing = new Map()
  }

  /** Allowed only where a newer version holds more than this one can show. */
  protected override threw(visit: Visit, error: CountersignError): void {
    const { code, entity, field, message } = error
    if (code !== 'needs_upgrade') return
    // Replaced, because this version cannot read the value.
    if (message.includes('cannot be translated to version')) return
    must(
      !visit.versions!.mayWrite(entity!, field!),
      'S19',
      () => `in build ${visit.build} nothing is lost by writing ${entity}.${field}: ${message}`,
    )
  }

  override checkFinally(): void {
    const { truth } = this.world
    for (const { receipt, touched } of this.#written) {
      const message = truth.facts.message(receipt.messageId)
      if (message) this.#touchesNothingElse(message, touched)
    }
  }

  /** Fields that were not edited are not in the message, so they cannot be lost. */
  #touchesNothingElse({ id, changes }: AuthoredMessage, touched: Touched): void {
    for (const change of changes) {
      const { entityId } = change
      const { regs, type } = change.shape
      const odd = regs.find((reg) => reg !== '$archived' && !touched.get(entityId)?.has(reg))
      must(
        odd === undefined,
        'S19',
        () => `${this.world.truth.facts.nameOf(id)} writes ${type}.${odd}, which nobody touched`,
      )
    }
  }

  /** Rewrites values of older versions. The shown rows do not change. */
  #migrate(visit: Visit): void {
    const { store, name } = visit
    const type = visit.typeNamed(this.random.pick([Ticket, Crate]).name)
    const to = type.currentVersion
    this.world.tally.hit('migration')
    this.world.note(name, () => `migrates ${type.name} to ${to}`)
    // A store that is closed or killed meanwhile leaves the rest for the next run.
    void store.migrate(type, { to }).then(
      ({ rows }) => this.world.tally.hit('row migrated', rows),
      () => this.world.tally.hit('migration cut short'),
    )
  }
}
