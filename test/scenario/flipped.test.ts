/**
 * Runs ("days") in which an attacker changes single letters anywhere in the frames of the reviewer; and
 * days in which the attacker repeats earlier frames, whole or in part, to the same store or to another.
 * No store shows a canonical row that the reviewer never had; after the attack all stores have the
 * same rows, and every message has its verdict. `FLIP_SEED=n` replays one day, `FLIP_DAYS=n` runs n days.
 */
import type { Receipt, SyncStore } from '@countersign/core'
import { SeededRandom, rulesFor } from '@countersign/core/testing'
import { expect, test, vi } from 'vitest'
import { VirtualScene } from './line.ts'
import { HONEST, Middleman, Note, Witness, entities, rowsOf } from './middleman.ts'

// Time is virtual, and the machine may be busy.
vi.setConfig({ testTimeout: 120_000 })

const ACTIONS = 40
const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_[]{},:"\\ \n'
const DIGITS = '0123456789'

class Day {
  readonly #random: SeededRandom
  readonly said: string[] = []
  readonly #receipts: { readonly receipt: Receipt; readonly isBomb: boolean }[] = []
  #scene!: VirtualScene
  #written = 0

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
  }

  async run(): Promise<void> {
    const isShort = this.#chance(0.5)
    this.#scene = await VirtualScene.open({
      keys: HONEST,
      rules: rulesFor(['note'], (_, { values }) => values['text'] !== 'bomb' || 'no bombs'),
      ...(isShort && { limits: { tailChangesMax: 0 } }),
    })
    const ways = [
      new Middleman(this.#scene),
      new Middleman(this.#scene),
      new Middleman(this.#scene),
    ]
    const [ann, bob] = [await this.#page(ways[0]!), await this.#page(ways[1]!)]
    const stores = [ann, bob]
    const witnesses = stores.map((store) => new Witness(store))
    const honest = await this.#page(this.#scene.line())
    await this.#settle([...stores, honest])
    const replays = this.#chance(0.5)
    const how = (text: string): readonly string[] =>
      replays ? this.#replayed(text, ways) : this.#flipped(text)
    for (const way of ways) this.#disturb(way, how, 0.02 + this.#random.unit() * 0.2)
    for (let n = 0; n < ACTIONS; n++) {
      await this.#act(stores, ways)
      if (n === ACTIONS / 2) {
        stores.push(await this.#page(ways[2]!))
        witnesses.push(new Witness(stores[2]!))
      }
    }
    for (const way of ways) way.leave()
    for (const store of stores) store.setOnline(true)
    await this.#settle([...stores, honest])
    for (const store of stores) {
      expect(rowsOf(store)).toEqual(rowsOf(honest))
      expect(store.status.getState()).toMatchObject({
        halted: undefined,
        alarm: undefined,
      })
    }
    for (const { receipt, isBomb } of this.#receipts)
      expect(receipt.state).toBe(isBomb ? 'rejected' : 'accepted')
    for (const witness of witnesses) await witness.wasTrue(honest, this.#scene)
  }

  async close(): Promise<void> {
    await this.#scene.close()
  }

  #page(way: Middleman | ReturnType<VirtualScene['line']>): Promise<SyncStore> {
    return this.#scene.page(way, { entities, disk: this.#scene.disk() })
  }

  async #settle(stores: readonly SyncStore[]): Promise<void> {
    const { reviewer } = this.#scene
    const has = (store: SyncStore): boolean => {
      const { connection, outboxMessages, position } = store.status.getState()
      const isWhole = outboxMessages === 0 && position?.seq === reviewer.state.seq
      return connection === 'online' && isWhole
    }
    await this.#scene.until(() => reviewer.state.pendingCommit === 0 && stores.every(has), 120_000)
  }

  async #act(stores: readonly SyncStore[], ways: readonly Middleman[]): Promise<void> {
    const store = this.#pick(stores)
    const rows = store.query(Note).rows
    const text = `note ${this.#written++}`
    const what = this.#random.unit()
    if (what < 0.1) {
      const receipt = store.create(Note, { text: 'bomb', n: 0 })
      this.#receipts.push({ receipt, isBomb: true })
    } else if (what < 0.3 || rows.length === 0) {
      this.#note(store.create(Note, { text, n: this.#written }))
    } else if (what < 0.7) {
      const { id, text: now } = this.#pick(rows)
      // Messages that depend on a refused row are refused with it.
      if (now !== 'bomb') this.#note(store.update(Note, id, { text }))
    } else if (what < 0.8) {
      store.setOnline(store.status.getState().connection === 'offline')
    } else if (what < 0.85) {
      this.#pick(ways).cut()
    } else {
      for (let n = 0; n < 5; n++) this.#note(store.create(Note, { text: `${text} ${n}`, n }))
    }
    await this.#scene.pass(this.#chance(0.1) ? 35_000 : this.#random.unit() * 300)
  }

  #note(receipt: Receipt): void {
    this.#receipts.push({ receipt, isBomb: false })
  }

  /** Replaces frames at random; `share`: the probability for each frame. */
  #disturb(way: Middleman, how: (text: string) => readonly string[], share: number): void {
    way.toStore = (_, text) => {
      if (!this.#chance(share)) return [text]
      const said = how(text)
      this.said.push(said.map((each) => each.slice(0, 200)).join(' AND '))
      return said
    }
  }

  /** A text with one letter replaced; a digit mostly by another digit. */
  #flipped(text: string): readonly string[] {
    const at = Math.floor(this.#random.unit() * text.length)
    const isDigit = DIGITS.includes(text[at]!) && this.#chance(0.8)
    const letters = isDigit ? DIGITS : LETTERS
    const letter = letters[Math.floor(this.#random.unit() * letters.length)]!
    return [text.slice(0, at) + letter + text.slice(at + 1)]
  }

  /** A frame that the reviewer has sent before to any store: in the place of a frame, beside it, or mixed with it. */
  #replayed(text: string, ways: readonly Middleman[]): readonly string[] {
    const kind = text.slice(0, text.indexOf(','))
    const all = ways.flatMap(({ heard }) => heard)
    const old = this.#pick(all)
    const alike = this.#pick(all.filter((each) => each.startsWith(kind)))
    const [head, ...lines] = text.split('\n')
    const [oldHead, ...oldLines] = alike.split('\n')
    const choices = [
      [old],
      [alike],
      [old, text],
      [text, old],
      [],
      [[head, ...oldLines].join('\n')],
      [[oldHead, ...lines].join('\n')],
      [alike, text, alike],
    ]
    return this.#pick(choices)
  }

  #chance(share: number): boolean {
    return this.#random.unit() < share
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random.unit() * from.length)]!
  }
}

const { FLIP_SEED: given, FLIP_DAYS: asked = '300' } = process.env
const PART = 25
const parts = Array.from({ length: Math.ceil(Number(asked) / PART) }, (_, n) => n * PART)

test.each(given === undefined ? parts : [Number(given)])(
  'GATE1 to GATE9: days %i and on',
  async (from) => {
    const seeds = Array.from({ length: given === undefined ? PART : 1 }, (_, n) => from + n)
    let disturbed = 0
    for (const seed of seeds) {
      const day = new Day(seed)
      try {
        await day.run()
      } catch (error) {
        throw new Error(`FLIP_SEED=${seed}: ${day.said.join('\n')}`, { cause: error })
      }
      disturbed += day.said.length
      await day.close()
    }
    expect(disturbed).toBeGreaterThan(seeds.length)
  },
)
