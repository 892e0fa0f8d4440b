/** `devtools`: what the panel costs: frames while it is scrolled, writes beside it, and its memory. */
import { fork } from 'node:child_process'
import type { Settings } from '../args.ts'
import type {} from '../browser/page/main.ts'
import { type Site, withSite } from '../browser/site.ts'
import { type Figure, type Rounds, loneFigure, rateFigure, timeFigure } from '../figure.ts'
import type { PanelState } from './page.ts'

const MESSAGES = 10_000
const SCROLL_SECONDS = 4
const WRITES = 10_000
const ROUNDS = 9

export async function runDevtools({ rounds = ROUNDS }: Settings): Promise<Figure[]> {
  const inPage = await withSite(async (site) => [
    await scrolled(site, rounds),
    ...(await written(site, rounds)),
  ])
  return [...inPage, await ring()]
}

async function scrolled(site: Site, rounds: number): Promise<Figure> {
  const page = await site.open()
  const [floor, ours]: [number[], number[]] = [[], []]
  const size = [MESSAGES, SCROLL_SECONDS] as const
  for (let round = 0; round < rounds; round++) {
    floor.push(await page.evaluate((of) => window.bench.scrollNothing(...of), size))
    ours.push(await page.evaluate((of) => window.bench.scrollPanel(...of), size))
  }
  await page.close()
  const what = 'frames while 10,000 messages are scrolled; floor an empty box'
  // As time a frame, which is what the two sides can be compared by.
  const frames = (rates: readonly number[]): Rounds['ours'] =>
    rates.map((rate) => ({ ms: 1_000 / rate }))
  return rateFigure(
    { name: 'devtools scroll', what },
    { floor: frames(floor), ours: frames(ours) },
    1,
  )
}

async function written(site: Site, rounds: number): Promise<Figure[]> {
  const page = await site.open()
  const times: Record<PanelState, number>[] = []
  for (let round = 0; round <= rounds; round++) {
    const found = await page.evaluate((count) => window.bench.writeBeside(count), WRITES)
    if (round > 0) times.push(found)
  }
  await page.close()
  const against = (state: PanelState): Rounds => ({
    floor: times.map(({ never }) => ({ ms: never })),
    ours: times.map((found) => ({ ms: found[state] })),
  })
  const facts = { unit: 'µs' as const }
  const what = 'one write, the panel'
  return [
    timeFigure({ ...facts, name: 'devtools off', what: `${what} closed` }, against('off')),
    timeFigure({ ...facts, name: 'devtools on', what: `${what} open` }, against('on')),
  ]
}

async function ring(): Promise<Figure> {
  const execArgv = ['--expose-gc', '--conditions=@countersign/source']
  const child = fork(new URL('ring.ts', import.meta.url), [], { execArgv })
  const bytes = await new Promise<number>((resolve, reject) => {
    let told: number | undefined
    child.on('message', (message) => (told = message as number))
    child.on('exit', (code) => {
      if (told === undefined) reject(new Error(`the ring ended with code ${code}`))
      else resolve(told)
    })
  })
  const what = 'what the ring weighs after 1,000,000 events'
  return loneFigure({ name: 'devtools ring', what, unit: 'B' }, [bytes])
}
