/** Many replicas, or many raw followers, in one process: writers of N3, readers of N4. */
import { digest, pick, seeded } from '../data.ts'
import { must } from '../figure.ts'
import { editOf, now, pause, until } from './edits.ts'
import { type RawFollower, followRaw } from './raw.ts'
import { type Kind, type Replica, type ServerAddress, openReplica } from './replica.ts'

/** Edits of a replica between two turns of the event loop. */
const EDITS_A_TURN = 20
/** Time without an event after which all are taken to be at rest. */
const QUIET_MS = 200
/** Replicas that open at the same time. */
const OPENING = 10

interface Place {
  readonly kind: Kind
  readonly address: ServerAddress
  readonly count: number
}

export class Crowd {
  readonly #replicas: Replica[] = []
  readonly #raw: RawFollower[] = []
  #lastAt = 0
  #onEdit: ((no: number, edit: number) => void) | undefined
  #onText: ((no: number, text: string) => void) | undefined

  private constructor() {}

  static async ofReplicas({
    kind,
    address,
    count,
    rows,
  }: Place & { readonly rows: number }): Promise<Crowd> {
    const crowd = new Crowd()
    for (let from = 0; from < count; from += OPENING) {
      const opened = await Promise.all(
        Array.from({ length: Math.min(OPENING, count - from) }, () => openReplica(kind, address)),
      )
      await until('the rows of a crowd', () =>
        opened.every((replica) => replica.rows().length === rows),
      )
      for (const replica of opened) crowd.#take(replica)
    }
    return crowd
  }

  static async ofRaw({ kind, address, count }: Place): Promise<Crowd> {
    const crowd = new Crowd()
    for (let no = 0; no < count; no++) {
      crowd.#raw.push(await followRaw(kind, address, (text) => crowd.#onText?.(no, text)))
    }
    return crowd
  }

  async writeEach(first: number, count: number): Promise<{ startedAt: number; endedAt: number }> {
    const ids = this.#replicas[0]!.rows()
      .map((row) => row.id)
      .sort()
    const random = seeded(first)
    const startedAt = now()
    let edit = first
    for (let made = 0; made < count; made += EDITS_A_TURN) {
      for (const replica of this.#replicas) {
        for (let i = made; i < Math.min(made + EDITS_A_TURN, count); i++) {
          replica.edit(pick(random, ids), edit++)
        }
      }
      await pause(0)
    }
    await until('rest and equal state', () => this.#isAtRest() && this.#areEqual())
    return { startedAt, endedAt: this.#lastAt }
  }

  markAll(edit: number): Promise<number> {
    const text = String(edit)
    const missing = new Set((this.#raw.length > 0 ? this.#raw : this.#replicas).keys())
    return new Promise((resolve) => {
      const mark = (no: number): void => {
        if (!missing.delete(no) || missing.size > 0) return
        this.#onEdit = undefined
        this.#onText = undefined
        if (this.#replicas.length === 0) resolve(now())
        else {
          const at = now()
          must(this.#areEqual(), 'readers differ')
          resolve(at)
        }
      }
      this.#onEdit = (no, found) => found === edit && mark(no)
      this.#onText = (no, found) => found.includes(text) && mark(no)
    })
  }

  #take(replica: Replica): void {
    const no = this.#replicas.push(replica) - 1
    replica.watch((row) => {
      this.#lastAt = now()
      this.#onEdit?.(no, editOf(row))
    })
  }

  /** Nothing waits, and nothing has come for a while. An ack that comes alone counts as an event. */
  #isAtRest(): boolean {
    if (this.#replicas.some((replica) => replica.waiting() > 0)) {
      this.#lastAt = now()
      return false
    }
    return now() - this.#lastAt > QUIET_MS
  }

  #areEqual(): boolean {
    const wanted = digest(this.#replicas[0]!.rows())
    return this.#replicas.every((replica) => digest(replica.rows()) === wanted)
  }
}
