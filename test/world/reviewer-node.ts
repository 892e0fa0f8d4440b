/**
 * The process that plays the reviewer: it loads the space from the store, serves the wire, and
 * dies and comes back on the same store. Two of them may be there for a while, when an old one
 * is frozen and a new one has been started in its place.
 */
import type { Entity } from '@countersign/core'
import {
  type Capability,
  type Person,
  type Reviewer,
  createReviewer,
} from '@countersign/core/reviewer'
import {
  type AnyRule,
  ProcessClock,
  type SeededRandom,
  rulesFor,
  simSigner,
} from '@countersign/core/testing'
import { typesOf } from './entities.ts'
import { s18RulesKnow } from './invariants/persons.ts'
import { lieAt, refusedName } from './lies.ts'
import type { Logins } from './logins.ts'
import type { Stage } from './stage.ts'
import { SPACE } from './truth.ts'
import type { Build } from './versioned.ts'

const RETRY_MS = 500

export class ReviewerNode {
  readonly process: ProcessClock
  /** Of what is deployed; undefined: nothing has versions. */
  readonly build: Build | undefined
  readonly #stage: Stage
  readonly #random: SeededRandom
  #reviewer: Reviewer | undefined

  constructor(stage: Stage, random: SeededRandom, build: Build | undefined) {
    this.#stage = stage
    this.build = build
    this.#random = random
    this.process = new ProcessClock(stage.clock)
    void this.#start()
  }

  get isReady(): boolean {
    return this.#reviewer !== undefined && !this.process.dead
  }

  kill(): void {
    this.process.kill()
    this.#stage.wire.bury()
  }

  /** Strikes: messages of strangers are well formed, so only liars get strikes, and each for its lie. */
  #struck(address: string, why: string): void {
    const lie = lieAt(address)
    if (lie?.struck !== undefined && why.includes(lie.struck))
      this.#stage.tally.hit(refusedName(lie.name))
    else if (lie) this.#stage.fault('S17', `a lie (${lie.name}) is struck as: ${why}`)
    else this.#stage.fault('S17', `${address}, who is no liar, is struck: ${why}`)
  }

  /** A login is refused if it has ended, or is of a lie. */
  #notLetIn(address: string, why: string): void {
    const lie = lieAt(address)
    if (lie?.refused !== undefined && why === lie.refused)
      this.#stage.tally.hit(refusedName(lie.name))
    else if (why !== 'the login has expired')
      this.#stage.fault('S18', `${address} is not let in: ${why}`)
  }

  /** Rules that allow everything, and check the person that they get. */
  #whoWrote(logins: Logins): AnyRule {
    return (context, _, row) => {
      const isSame = row && context.samePerson(row.$createdBy)
      this.#stage.guard(() => s18RulesKnow(logins, context, row && { row, isSame }))
      return true
    }
  }

  #may(person: Person | null): readonly Capability[] {
    const { trespasses } = this.#stage.plan
    const { may } = (person?.claims ?? {}) as { readonly may?: readonly Capability[] }
    const everybody: readonly Capability[] = ['read', 'write', 'migrate']
    return may ?? (trespasses ? everybody : [...everybody, 'publish'])
  }

  /** A commit may fail, but must keep its promises to the store. */
  #storeFailed(error: string): void {
    if (/has its verdict already|is rejected already/.test(error))
      this.#stage.fault('S24', `a commit gives a number a second verdict: ${error}`)
  }

  /** Only strangers and the liar sign two messages with one number. */
  #equivocated(sessionId: string): void {
    const device = this.#stage.truth.deviceOf.get(sessionId) ?? 'nobody'
    if (!/^[LX]/.test(device))
      this.#stage.fault('S17', `${device} is said to have signed two messages with one number`)
  }

  async #start(): Promise<void> {
    const { plan, spaces, wire, keys, faults, tally, logins, secrets } = this.#stage
    const { tailChangesMax } = plan
    const types: readonly Entity[] = typesOf(this.build, plan)
    const limits = {
      ...plan.bounds,
      ...plan.reviewerBounds,
      ...plan.limits,
      ...(tailChangesMax !== undefined && { tailChangesMax }),
    }
    try {
      this.#reviewer = await createReviewer({
        space: SPACE,
        spaces: spaces.connect(this.process),
        keys,
        signer: simSigner({ random: this.#random, clock: this.process, delayMs: faults.signerMs }),
        clock: this.process,
        random: this.#random,
        ...(plan.typed && { entities: types }),
        ...(logins && { authenticate: logins.authenticate(this.process) }),
        canRead: secrets?.canRead,
        publishes: plan.trespasses,
        capabilities: ({ person }) => this.#may(person),
        rules: logins
          ? rulesFor(
              types.map(({ name }) => name),
              this.#whoWrote(logins),
            )
          : {},
        limits,
        onEvent: (event) => {
          tally.hit(`reviewer: ${event.type}`)
          if (event.type === 'equivocation') this.#equivocated(event.sessionId)
          if (event.type === 'publication_failed')
            this.#stage.note('R', () => `${event.entity} is not published: ${event.why}`)
          if (event.type === 'store_failed') this.#storeFailed(event.error)
          if (event.type === 'strike') this.#struck(event.address, event.why)
          if (event.type === 'login_refused') this.#notLetIn(event.address, event.why)
        },
      })
    } catch {
      tally.hit('reviewer could not start')
      this.process.after(RETRY_MS, () => void this.#start())
      return
    }
    const reviewer = this.#reviewer
    wire.serve((link, name) => reviewer.connect(link, { address: name }), this.process)
  }
}
