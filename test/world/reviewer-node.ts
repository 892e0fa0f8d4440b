/**
 * The process that plays the reviewer: it loads the space from the store, serves the wire, and
 * dies and comes back on the same store. Two of them may be there for a while, when an old one
 * is frozen and a new one has been started in its place.
 */
import { type Reviewer, createReviewer } from '@countersign/core/reviewer'
import { ProcessClock, type SeededRandom, simSigner } from '@countersign/core/testing'
import { typesOf } from './entities.ts'
import { lieAt, refusedName } from './lies.ts'
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

  /** What strangers write is well formed; who lies is struck, and for the lie. */
  #struck(address: string, why: string): void {
    const lie = lieAt(address)
    if (lie?.struck !== undefined && why.includes(lie.struck))
      this.#stage.tally.hit(refusedName(lie.name))
    else if (lie) this.#stage.fault('S17', `a lie (${lie.name}) is struck as: ${why}`)
    else this.#stage.fault('S17', `${address}, who is no liar, is struck: ${why}`)
  }

  async #start(): Promise<void> {
    const { plan, spaces, wire, keys, faults, tally } = this.#stage
    const { tailMessagesMax } = plan
    const limits = {
      ...plan.bounds,
      ...plan.reviewerBounds,
      ...plan.limits,
      ...(tailMessagesMax !== undefined && { tailMessagesMax }),
    }
    try {
      this.#reviewer = await createReviewer({
        space: SPACE,
        spaces: spaces.connect(this.process),
        keys,
        signer: simSigner({ random: this.#random, clock: this.process, delayMs: faults.signerMs }),
        clock: this.process,
        random: this.#random,
        ...(plan.typed && { entities: typesOf(this.build, plan) }),
        rules: { migrate: () => true },
        limits,
        onEvent: (event) => {
          tally.hit(`reviewer: ${event.type}`)
          if (event.type === 'strike') this.#struck(event.address, event.why)
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
