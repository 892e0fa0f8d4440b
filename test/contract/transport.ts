/**
 * What every `Transport` must hold, with the far end that belongs to it. A transport's tests call
 * `transportContract` with a way to make a pair: the transport under test and a far end that
 * accepts its links, as the gateway of a reviewer does. A wire may lose, repeat and reorder
 * frames; say so with `lossless: false`, and the rules about arrival become weaker.
 */
import { FRAME_BYTES_MAX } from '@countersign/core/ports'
import type { ServerLink, Transport } from '@countersign/core/ports'
import { afterEach, describe, expect, test } from 'vitest'
import { WAIT_MS } from '../scripts/wait.ts'
import { FarEnd, NearEnd, TEXTS } from './transport-ends.ts'
import type { FarHandler } from './transport-ends.ts'

export type { FarHandler } from './transport-ends.ts'

export type Accept = (link: ServerLink) => FarHandler

export interface TransportPair {
  readonly transport: Transport
  /** Breaks the path of all open links, as a network that goes away; the far end stays. */
  cut(): void | Promise<void>
  /** Makes the far end unreachable for links to come. */
  vanish(): void | Promise<void>
  /** Lets time pass, a few milliseconds of it. Default: real time. */
  step?(): void | Promise<void>
  end(): void | Promise<void>
}

export interface TransportTraits {
  /** Every frame arrives once and in order while the link is open. */
  readonly lossless: boolean
}

export function transportContract(
  name: string,
  makePair: (accept: Accept) => Promise<TransportPair>,
  traits: TransportTraits,
): void {
  describe(`transport contract: ${name}`, () => {
    const ends: (() => void | Promise<void>)[] = []
    afterEach(async () => {
      for (const end of ends.splice(0).reverse()) await end()
    })

    class Bench {
      readonly far: FarEnd[] = []
      pair!: TransportPair

      static async make(accepted: (end: FarEnd) => void = () => {}): Promise<Bench> {
        const bench = new Bench()
        bench.pair = await makePair((link) => {
          const end = new FarEnd(link)
          bench.far.push(end)
          accepted(end)
          return end
        })
        ends.push(() => bench.pair.end())
        return bench
      }

      async step(): Promise<void> {
        if (this.pair.step === undefined) await new Promise((done) => setTimeout(done, 3))
        else await this.pair.step()
      }

      async until(what: string, holds: () => boolean): Promise<void> {
        const end = performance.now() + WAIT_MS
        for (let steps = 0; !holds(); steps++) {
          if (steps > 2_000 && performance.now() > end) throw new Error(`never happened: ${what}`)
          await this.step()
        }
      }

      /** Long enough for anything that was under way to show. */
      async quiet(): Promise<void> {
        for (let steps = 0; steps < 15; steps++) await this.step()
      }

      connect(onOpen?: (near: NearEnd) => void): NearEnd {
        const near = new NearEnd(this.pair.transport, onOpen)
        ends.push(() => near.link!.close())
        return near
      }

      async linked(): Promise<{ near: NearEnd; far: FarEnd }> {
        const count = this.far.length
        const near = this.connect()
        await this.until('open at both ends', () => near.isOpen && this.far.length > count)
        return { near, far: this.far.at(-1)! }
      }

      /** Waits until `received` holds what the traits promise of `sent`. */
      async arrived(received: readonly string[], sent: readonly string[]): Promise<void> {
        if (traits.lossless) {
          await this.until('all frames', () => received.length >= sent.length)
          await this.quiet()
          expect(received).toEqual(sent)
        } else {
          await this.quiet()
          const known = new Set(sent)
          expect(received.filter((text) => !known.has(text))).toEqual([])
        }
      }
    }

    describe('open', () => {
      test('comes once, after connect has returned and before any frame', async () => {
        const bench = await Bench.make((end) => end.link.send('["hello"]'))
        const near = bench.connect()
        expect(near.history).toEqual([])
        await bench.until('open', () => near.isOpen)
        await bench.arrived(near.frames, ['["hello"]'])
        expect(near.history[0]).toBe('open')
        expect(near.history.filter((event) => event === 'open')).toHaveLength(1)
        expect(near.isClosed).toBe(false)
      })

      test('links of one transport are independent of each other', async () => {
        const bench = await Bench.make()
        const one = await bench.linked()
        const two = await bench.linked()
        one.near.link!.close()
        await bench.until('the end of one', () => one.far.closings > 0)
        await bench.quiet()
        expect(two.near.isOpen).toBe(true)
        expect(two.far.closings).toBe(0)
        two.near.link!.send('still here')
        await bench.arrived(two.far.frames, ['still here'])
        expect(one.far.frames).toEqual([])
      })
    })

    describe('frames', () => {
      test('arrive unaltered, with any text', async () => {
        const bench = await Bench.make()
        const { near, far } = await bench.linked()
        for (const text of TEXTS) near.link!.send(text)
        await bench.arrived(far.frames, TEXTS)
        for (const text of TEXTS) far.link.send(text)
        await bench.arrived(near.frames, TEXTS)
      })

      test('arrive in both directions at once', async () => {
        const bench = await Bench.make()
        const { near, far } = await bench.linked()
        const up = Array.from({ length: 300 }, (_, i) => `["up",${i}]`)
        const down = Array.from({ length: 300 }, (_, i) => `["down",${i}]`)
        for (let i = 0; i < 300; i++) {
          near.link!.send(up[i]!)
          far.link.send(down[i]!)
        }
        await bench.arrived(far.frames, up)
        await bench.arrived(near.frames, down)
      })

      test('one text sent to many links arrives at each', async () => {
        const bench = await Bench.make()
        const links = [await bench.linked(), await bench.linked(), await bench.linked()]
        const texts = [
          `["short"]`,
          `["${'ü'.repeat(100)}"]`,
          `["${'a'.repeat(1_000)}"]`,
          // As long as the one before, and another text.
          `["${'b'.repeat(1_000)}"]`,
          `["${'long "quoted" '.repeat(9_000)}"]`,
        ]
        for (const text of texts) for (const { far } of links) far.link.send(text)
        for (const { near } of links) await bench.arrived(near.frames, texts)
      })

      test(`of exactly ${FRAME_BYTES_MAX} bytes pass`, async () => {
        const bench = await Bench.make()
        const { near, far } = await bench.linked()
        const texts = [
          `["${'a'.repeat(FRAME_BYTES_MAX - 4)}"]`,
          `["${'ü'.repeat((FRAME_BYTES_MAX - 4) / 2)}"]`,
        ]
        for (const text of texts) {
          near.link!.send(text)
          far.link.send(text)
        }
        await bench.arrived(far.frames, texts)
        await bench.arrived(near.frames, texts)
        expect([near.isOpen, far.closings]).toEqual([true, 0])
      })

      test('that are larger are refused: they never arrive, and the link ends', async () => {
        const bench = await Bench.make()
        const tooLarge = [
          `["${'a'.repeat(FRAME_BYTES_MAX - 3)}"]`,
          `["${'ü'.repeat(FRAME_BYTES_MAX / 2)}"]`,
          'x'.repeat(FRAME_BYTES_MAX * 3),
        ]
        for (const text of tooLarge) {
          const up = await bench.linked()
          up.near.link!.send(text)
          await bench.until('closed by the near end', () => up.near.isClosed)
          await bench.until('noticed by the far end', () => up.far.closings > 0)
          const down = await bench.linked()
          down.far.link.send(text)
          await bench.until('closed because of the far end', () => down.near.isClosed)
          await bench.until('noticed', () => down.far.closings > 0)
          expect([up.far.frames, down.near.frames]).toEqual([[], []])
        }
      })

      test('sent before open or after the end are dropped in silence', async () => {
        const bench = await Bench.make()
        const near = bench.connect()
        near.link!.send('too early')
        await bench.until('open', () => near.isOpen && bench.far.length > 0)
        near.link!.send('in time')
        const far = bench.far[0]!
        await bench.arrived(far.frames, ['in time'])
        near.link!.close()
        near.link!.send('too late')
        await bench.until('the end', () => far.closings > 0)
        far.link.send('too late')
        await bench.quiet()
        expect(far.frames).not.toContain('too late')
        expect(near.frames).not.toContain('too late')
      })

      test('sent inside open arrive', async () => {
        const bench = await Bench.make()
        const near = bench.connect((self) => self.link!.send('first words'))
        await bench.until('open', () => near.isOpen && bench.far.length > 0)
        await bench.arrived(bench.far[0]!.frames, ['first words'])
      })
    })

    describe('closed', () => {
      test('by the holder: no event follows, the far end is notified once, and it is idempotent', async () => {
        const bench = await Bench.make()
        const { near, far } = await bench.linked()
        far.link.send('on its way')
        near.link!.close()
        near.link!.close()
        const { length } = near.history
        await bench.until('the far end hears it', () => far.closings > 0)
        await bench.quiet()
        expect(near.history).toHaveLength(length)
        expect(near.isClosed).toBe(false)
        expect(far.closings).toBe(1)
      })

      test('by the holder before open: no event at all', async () => {
        const bench = await Bench.make()
        const at = [0, 1, 3, 10]
        const nears: NearEnd[] = []
        for (const steps of at) {
          const near = bench.connect()
          nears.push(near)
          for (let step = 0; step < steps && !near.isOpen; step++) await bench.step()
          const wasOpen = near.isOpen
          near.link!.close()
          await bench.quiet()
          expect(near.history).toEqual(wasOpen ? ['open'] : [])
        }
        await bench.until('the far end let go', () => bench.far.every((end) => end.closings === 1))
        expect(nears).toHaveLength(at.length)
      })

      test('by the holder inside open: no event follows', async () => {
        const bench = await Bench.make((end) => end.link.send('hello'))
        const near = bench.connect((self) => self.link!.close())
        await bench.until('open', () => near.history.length > 0)
        await bench.until('the far end let go', () => bench.far.some((end) => end.closings > 0))
        await bench.quiet()
        expect(near.history).toEqual(['open'])
      })

      test('by the far end: each end is notified once and gets nothing after', async () => {
        const bench = await Bench.make()
        const { near, far } = await bench.linked()
        far.link.close('enough')
        far.link.close('enough')
        far.link.send('too late')
        await bench.until('closed', () => near.isClosed && far.closings > 0)
        await bench.quiet()
        expect(near.history.filter((event) => event === 'closed')).toHaveLength(1)
        expect(near.frames).toEqual([])
        expect(far.closings).toBe(1)
      })

      test('by the far end while it accepts: each end is notified once', async () => {
        const bench = await Bench.make((end) => end.link.close('not you'))
        const near = bench.connect()
        await bench.until('closed', () => near.isClosed)
        await bench.until('let go', () => bench.far[0]!.closings > 0)
        await bench.quiet()
        expect(near.history.filter((event) => event === 'closed')).toHaveLength(1)
        expect(bench.far.map((end) => end.closings)).toEqual([1])
      })

      test('by a path that breaks: each end is notified once, and the link does not reopen', async () => {
        const bench = await Bench.make()
        const { near, far } = await bench.linked()
        await bench.pair.cut()
        await bench.until('closed at both ends', () => near.isClosed && far.closings > 0)
        await bench.quiet()
        expect(near.history).toEqual(['open', 'closed'])
        expect(far.closings).toBe(1)
        expect(bench.far).toHaveLength(1)
        const again = await bench.linked()
        expect(again.near.isOpen).toBe(true)
      })

      test('without open, once, when the far end cannot be reached', async () => {
        const bench = await Bench.make()
        await bench.pair.vanish()
        const near = bench.connect()
        expect(near.history).toEqual([])
        await bench.until('closed', () => near.isClosed)
        await bench.quiet()
        expect(near.history).toEqual(['closed'])
      })
    })

    describe('wake', () => {
      test('onWake, where there is one, can be ended twice and calls nothing by itself', async () => {
        const bench = await Bench.make()
        let calls = 0
        await bench.quiet() // a tab that serves has just said so, which wakes
        const end = bench.pair.transport.onWake?.(() => calls++)
        await bench.quiet()
        end?.()
        end?.()
        expect(calls).toBe(0)
      })
    })
  })
}
