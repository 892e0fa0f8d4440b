/**
 * What a reviewer has committed in a world where its data are lost and restored: its present log and its
 * former ones, and what the author of each message really had in view. That follows from the names in the
 * messages, one after the other, and never from comparing numbers of different logs.
 */
import type { AuthoredMessage, Change, Names } from '@countersign/core/message'
import { chainPrefix } from '@countersign/core/message'
import type { Commit, SpaceTables } from '@countersign/core/ports'
import { readBatch, readPosition } from '@countersign/core/protocol'
import { type OracleMessage, type OracleRow, UNSET, rowOf } from '../../model/oracle.ts'
import { SPACE } from '../truth.ts'
import { must } from '../violation.ts'

/** One log, by seq from 1. A restored log continues as another one. */
export class Log {
  /** Ids of messages; undefined for the record of an epoch. */
  readonly ids: (string | undefined)[]
  /** The chain after each seq; undefined within a batch. */
  readonly chains: (string | undefined)[]

  constructor(of: Pick<Log, 'ids' | 'chains'> = { ids: [], chains: [] }) {
    this.ids = [...of.ids]
    this.chains = [...of.chains]
  }

  get seq(): number {
    return this.ids.length
  }

  has(id: string): boolean {
    return this.ids.includes(id)
  }

  copy(): Log {
    return new Log(this)
  }

  /** Whether that place is on this log. */
  isOn({ seq, chain }: Place): boolean {
    return seq === 0 || this.chains[seq - 1] === chain
  }
}

interface Place {
  readonly seq: number
  readonly chain: string
}

/** A message is named in histories by its place among all that were ever committed: `m12`. */
interface Known {
  readonly name: string
  readonly message: AuthoredMessage
}

export class RestoreTruth {
  /** The log of the present data. */
  log: Log = new Log()
  /** Messages whose author has received a rejection. */
  readonly refused = new Set<string>()
  /** How many messages came back with the place that they had on a log that was lost. */
  placed = 0
  readonly #known = new Map<string, Known>()
  readonly #byNumber = new Map<string, string[]>()
  readonly #logs = new Set<Log>()
  readonly #logAt = new Map<string, Log>()
  readonly #chainOf = new Map<string, string>()
  readonly #ancestors = new Map<string, ReadonlySet<string>>()
  readonly #expected = new Map<string, ReadonlyMap<string, OracleRow>>()

  nameOf(id: string): string {
    return this.#known.get(id)?.name ?? id
  }

  message(id: string): AuthoredMessage | undefined {
    return this.#known.get(id)?.message
  }

  /** A log that has this place; undefined for a place that was never committed. */
  logAt({ seq, chain }: Place): Log | undefined {
    return seq === 0 ? this.log : this.#logAt.get(chain)
  }

  /** Called when the data are replaced by an older copy, or by nothing. */
  restore(log: Log = new Log()): void {
    this.log = log.copy()
  }

  /** Records a commit, and returns what it adds. */
  commit({ batch }: Commit, tables: SpaceTables): readonly string[] {
    if (!batch) return []
    const { log } = this
    const genesis = JSON.parse(tables.meta('epoch')!) as { readonly chain: string }
    const before = { seq: log.seq, chain: log.chains.at(-1) ?? genesis.chain }
    const end = batch.text.lastIndexOf('\n')
    const position = readPosition(JSON.parse(batch.text.slice(end + 1)))!
    const none = (): undefined => undefined
    const context = { space: SPACE, before, sessions: [], own: none }
    const read = readBatch(batch.text.slice(0, end), context)
    must(
      read.ok,
      'S17',
      () => `a stored batch cannot be read: ${read.ok ? '' : read.error.message}`,
    )
    const { throughSeq, chain, accepted, epoch } = read.value
    must(
      position.seq === throughSeq && position.chain === chain,
      'S11',
      () => `the batch up to ${throughSeq} is stored with another position`,
    )
    const name = `${position.eid}:${throughSeq}`
    const known = this.#chainOf.get(name)
    must(
      known === undefined || known === chain,
      'S11',
      () => `seq ${throughSeq} of epoch ${position.epoch} is given twice`,
    )
    this.#chainOf.set(name, chain)
    if (epoch) log.ids.push(undefined)
    const ids = accepted.map(({ id, hash, session, seen, message, review }) => {
      if (review && review.places.length > 0) this.placed++
      this.#learn({ ...message!, ...{ id, hash, session, seen } })
      this.#accept(id)
      return id
    })
    while (log.chains.length < log.ids.length - 1) log.chains.push(undefined)
    log.chains.push(chain)
    must(
      log.seq === throughSeq,
      'S11',
      () => `a batch ends at ${throughSeq}, the log at ${log.seq}`,
    )
    this.#logAt.set(chain, log)
    this.#logs.add(log)
    return ids
  }

  #learn(message: AuthoredMessage): void {
    if (this.#known.has(message.id)) return
    this.#known.set(message.id, { name: `m${this.#known.size + 1}`, message })
    const number = numberOf(message.session.facts.sessionId, message.clientSeq)
    this.#byNumber.set(number, [...(this.#byNumber.get(number) ?? []), message.id])
  }

  #accept(id: string): void {
    const { session, clientSeq } = this.#known.get(id)!.message
    const others = this.#byNumber.get(numberOf(session.facts.sessionId, clientSeq)) ?? []
    const { log } = this
    must(!others.some((one) => log.has(one)), 'S5', () => `${this.nameOf(id)} is accepted twice`)
    must(
      !this.refused.has(id),
      'S23',
      () => `${this.nameOf(id)} was refused, as its author was told, and is accepted now`,
    )
    log.ids.push(id)
  }

  /** The messages of one entity in the view of an author, with any later fate. */
  ancestors(id: string, entityId: string): ReadonlySet<string> {
    const key = `${id} ${entityId}`
    const found = this.#ancestors.get(key)
    if (found) return found
    const message = this.message(id)
    const change = message?.changes.find((one) => one.entityId === entityId)
    const all = new Set<string>()
    if (message && change && change.shape.kind !== 'create')
      for (const parent of this.#named(change.parents, message, change)) {
        all.add(parent)
        for (const other of this.ancestors(parent, entityId)) all.add(other)
      }
    this.#ancestors.set(key, all)
    return all
  }

  #named({ canonical, own, others }: Names, by: AuthoredMessage, { entityId }: Change): string[] {
    const { sessionId } = by.session.facts
    const read = [...this.#logs].find((log) => hasRead(by, log))
    const numbered = (session: string, number: number): readonly string[] =>
      (this.#byNumber.get(numberOf(session, number)) ?? []).filter((id) =>
        this.message(id)!.changes.some((change) => change.entityId === entityId),
      )
    const spans = others.flatMap(({ sessionId: session, from, clientSeq, except }) =>
      Array.from({ length: clientSeq - from + 1 }, (_, i) => from + i)
        .filter((number) => !except.includes(number))
        .flatMap((number) => numbered(session, number)),
    )
    return [
      ...canonical.flatMap((seq) => read?.ids[seq - 1] ?? []),
      ...own.flatMap((number) => numbered(sessionId, number)),
      ...spans,
    ]
  }

  /** Whether the author of a message had read another log than this one. */
  isAcross(id: string, log: Log): boolean {
    const message = this.message(id)!
    return message.seen.seq > 0 && !hasRead(message, log)
  }

  /** Messages of an entity in a log, up to a seq. */
  of(entityId: string, log: Log, seq: number): string[] {
    return log.ids
      .slice(0, seq)
      .filter((id): id is string => id !== undefined)
      .filter((id) => this.message(id)!.changes.some((change) => change.entityId === entityId))
  }

  /** The rows of that type at a place, computed from what their authors really had in view. */
  expected(type: string, place: Place): ReadonlyMap<string, OracleRow> {
    const found = this.#expected.get(place.chain)
    if (found) return found
    const log = this.logAt(place)!
    const ids = new Set(log.ids.slice(0, place.seq).filter((id) => id !== undefined))
    const messages = [...ids].map((id): OracleMessage => {
      const { changes } = this.message(id)!
      return { id, changes: changes.map((change) => this.#oracleOf(id, change, ids)) }
    })
    const entities = new Set(
      [...ids].flatMap((id) =>
        this.message(id)!
          .changes.filter(({ shape }) => shape.type === type)
          .map(({ entityId }) => entityId),
      ),
    )
    const rows = new Map([...entities].map((id) => [id, rowOf(messages, id)!]))
    this.#expected.set(place.chain, rows)
    return rows
  }

  #oracleOf(
    id: string,
    change: Change,
    ids: ReadonlySet<string>,
  ): OracleMessage['changes'][number] {
    const { entityId, shape, values, keep = [] } = change
    const message = this.message(id)!
    const kept = keep.map(({ reg, names }) => [reg, this.#named(names, message, change)] as const)
    return {
      entity: entityId,
      parents: [...this.ancestors(id, entityId)].filter((parent) => ids.has(parent)),
      set: Object.fromEntries(shape.regs.map((reg, i) => [reg, valueOf(values[i])])),
      ...(kept.length > 0 && { keep: Object.fromEntries(kept) }),
    }
  }
}

/** Whether the author of a message had read this log. */
function hasRead({ seen }: AuthoredMessage, { chains }: Log): boolean {
  const chain = chains[seen.seq - 1]
  return chain !== undefined && chainPrefix(chain) === seen.chain
}

function numberOf(sessionId: string, clientSeq: number): string {
  return `${sessionId}:${clientSeq}`
}

function valueOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && '$unset' in value ? UNSET : value
}
