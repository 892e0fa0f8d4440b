/**
 * The login service of a world, and the persons. Each two neighbouring devices are one person's. Tokens
 * end soon, some before they are used; the service is slow, and sometimes does not answer, both for the
 * stores and for the reviewer.
 */
import type { Authenticate, Capability, Login } from '@countersign/core/reviewer'
import type { ProcessClock, VirtualClock } from '@countersign/core/testing'
import type { Random } from '../model/random.ts'

const WHY_UNKNOWN = 'no such token'
/** Time from the making of a token to its end, in ms; undefined: it never ends. */
const LIVES_MS = [-1_000, 2_000, 20_000, 300_000, undefined] as const
const DELAY_MAX_MS = 400

interface Issued {
  readonly person: string
  readonly endsAt: number | undefined
  /** The capabilities of its bearer; undefined: the default ones. */
  readonly may: readonly Capability[] | undefined
}

export class Logins {
  readonly #clock: VirtualClock
  readonly #random: Random
  readonly #issued = new Map<string, Issued>()
  readonly #persons = new Map<string, string>()
  #isCalm = false

  constructor(clock: VirtualClock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  /** The person of a device, or of another client of the wire. */
  personOf(device: string): string {
    const no = device.charCodeAt(0) - 65
    // The newcomer, strangers and the liar are persons of their own.
    const isShared = device.length === 1 && no < 12 && device !== 'L'
    return `person ${isShared ? String.fromCharCode(65 + no - (no % 2)) : device}`
  }

  /** The public name of an author id's owner, as far as clients know it. */
  noteAuthor(authorId: string, person: string): void {
    if (!this.#persons.has(authorId)) this.#persons.set(authorId, person)
  }

  personOfAuthor(authorId: string): string | undefined {
    return this.#persons.get(authorId)
  }

  /** A new token of a person, with the default capabilities or fewer. */
  tokenOf(person: string, livesMs?: number, may?: readonly Capability[]): string {
    const token = `token ${this.#issued.size + 1}`
    const endsAt = livesMs === undefined ? undefined : this.#clock.now() + livesMs
    this.#issued.set(token, { person, endsAt, may })
    return token
  }

  /** When a token ends, ms since 1970. */
  endOf(token: string): number | undefined {
    return this.#issued.get(token)?.endsAt
  }

  /** The function `auth` of the app of a device. */
  async asked(device: string, process: ProcessClock): Promise<string | undefined> {
    await this.#later(process)
    if (!this.#isCalm && this.#random.chance(0.1)) throw new Error('the login service is away')
    const livesMs = this.#isCalm ? undefined : this.#random.pick(LIVES_MS)
    return this.tokenOf(this.personOf(device), livesMs)
  }

  /** The function `authenticate` of the reviewer. */
  authenticate(process: ProcessClock): Authenticate {
    return async (auth) => {
      await this.#later(process)
      if (!this.#isCalm && this.#random.chance(0.05)) throw new Error('the keys cannot be fetched')
      const issued = auth === undefined ? undefined : this.#issued.get(auth)
      if (!issued) return WHY_UNKNOWN
      const { person: personalId, endsAt: expiresAt, may } = issued
      return { personalId, expiresAt, ...(may && { claims: { may } }) } satisfies Login
    }
  }

  /** From now on everything works, and tokens have no end. */
  calm(): void {
    this.#isCalm = true
  }

  #later(process: ProcessClock): Promise<void> {
    const ms = this.#random.chance(0.5) ? 0 : this.#random.between(1, DELAY_MAX_MS)
    return new Promise((resolve) => void process.after(ms, resolve))
  }
}
