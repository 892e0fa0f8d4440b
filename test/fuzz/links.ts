/**
 * Malformed frames over links that are in use: between a store and its reviewer, each way, in every
 * state of a link. Neither end throws or halts; honest stores beside them go on, and when it is over
 * everybody has the same.
 */
import type { SyncStore } from '@countersign/core'
import type { LinkEvents, Transport } from '@countersign/core/ports'
import { SeededRandom } from '@countersign/core/testing'
import { VirtualScene } from '../scenario/line.ts'
import type { Corpus } from './corpus.ts'
import { below, mutated, pick } from './mutate.ts'
import { Item } from './types.ts'

/** A line on which somebody says malformed things in the name of either end. */
class Noisy implements Transport {
  said = 0
  isNoisy = true
  readonly #line: Transport
  readonly #random: SeededRandom
  readonly #corpus: Corpus

  constructor(line: Transport, corpus: Corpus, random: SeededRandom) {
    this.#line = line
    this.#corpus = corpus
    this.#random = random
  }

  connect(events: LinkEvents): ReturnType<Transport['connect']> {
    const link = this.#line.connect({
      ...events,
      frame: (text) => this.#carry(text, this.#corpus.down, (said) => events.frame(said)),
    })
    return {
      send: (text) => this.#carry(text, this.#corpus.up, (said) => link.send(said)),
      close: () => link.close(),
    }
  }

  /** Some frames arrive as others, some have malformed ones before or behind them. */
  #carry(text: string, like: readonly string[], arrive: (text: string) => void): void {
    const random = this.#random
    const noise = (): void => {
      this.said++
      arrive(mutated(random.unit() < 0.5 ? text : pick(like, random), like, random))
    }
    const isHit = this.isNoisy && random.unit() < 0.2
    if (isHit && random.unit() < 0.5) noise()
    if (!isHit || random.unit() < 0.7) arrive(text)
    if (isHit) for (let more = below(4, random); more > 0; more--) noise()
  }
}

/** Says `count` malformed frames over links of three stores. Throws where somebody halts. */
export async function fuzzLinks(corpus: Corpus, seed: number, count: number): Promise<number> {
  const scene = await VirtualScene.open()
  const random = new SeededRandom(seed)
  const noisy = Array.from({ length: 3 }, () => new Noisy(scene.line(), corpus, random.split()))
  const stores: SyncStore[] = []
  for (const line of noisy)
    stores.push(await scene.page(line as never, { entities: [Item], disk: scene.disk() }))
  const honest = await scene.page(scene.line(), { entities: [Item] })
  const said = (): number => noisy.reduce((sum, line) => sum + line.said, 0)
  let written = 0
  while (said() < count) {
    const store = pick(stores, random)
    store.create(Item, { title: `noisy ${written++}`, note: 'n'.repeat(below(300, random)) })
    if (random.unit() < 0.2) honest.create(Item, { title: `honest ${written++}` })
    const [row] = store.query(Item, { limit: 1 }).rows
    if (row && random.unit() < 0.3) store.update(Item, row.id, { title: `again ${written}` })
    if (random.unit() < 0.1) {
      // A refused reviewer is asked again only after minutes.
      store.setOnline(false)
      await scene.pass(10)
      store.setOnline(true)
    }
    await scene.pass(50 + below(500, random))
  }
  for (const line of noisy) line.isNoisy = false
  for (const store of stores) {
    store.setOnline(false)
    await scene.pass(10)
    store.setOnline(true)
  }
  const all = [...stores, honest]
  const isDone = (store: SyncStore): boolean => {
    const { connection, outboxMessages, position } = store.status.getState()
    return (
      connection === 'online' && outboxMessages === 0 && position?.seq === scene.reviewer.state.seq
    )
  }
  await scene.until(() => all.every(isDone), 1_200_000)
  const texts = all.map((store) => JSON.stringify(rowsOf(store)))
  for (const text of texts)
    if (text !== texts[0]) throw new Error(`stores differ after seed ${seed}`)
  for (const store of all) {
    const { halted, alarm } = store.status.getState()
    if (halted !== undefined) throw new Error(`a store halted after seed ${seed}: ${halted}`)
    if (alarm !== undefined) throw new Error(`a false alarm after seed ${seed}: ${String(alarm)}`)
  }
  await scene.close()
  return said()
}

/** What every store shows alike: of a field in conflict its candidates, as each author sees their own. */
function rowsOf(store: SyncStore): readonly unknown[] {
  const rows = store.query(Item).rows.map((row) => {
    const open = Object.entries(row.$conflicts).map(
      ([field, { candidates }]) => [field, candidates.map(({ value }) => value)] as const,
    )
    return { ...row, ...Object.fromEntries(open), heads: row.$heads }
  })
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1))
}
