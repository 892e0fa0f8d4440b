/**
 * N1 between two pages: two profiles of one Chromium, real hooks, IndexedDB, a real reviewer with
 * SQLite. One edit at a time, from the call in one page to the document of the other.
 */
import { randomUUID } from 'node:crypto'
import type { Page } from 'playwright'
import { type Figure, loneFigure, must, quantile } from '../figure.ts'
import { freePort, withPlace } from '../net/processes.ts'
import type {} from './page/pages.tsx'
import { withSite } from './site.ts'

const ROWS = 100
const EDITS = 200
const WARM_EDITS = 20

export async function editBetweenPages(): Promise<Figure[]> {
  const times = await withPlace(async (place) => {
    const { address } = await place.server('ours', { port: await freePort(), data: place.folder() })
    return withSite(async (site) => {
      const [writer, reader] = [await site.open(), await site.open()]
      for (const page of [writer, reader]) {
        await page.evaluate(
          ([url, space]) => window.bench.openPage(url!, space!),
          [address.url, address.space],
        )
      }
      return timesOf(writer, reader)
    })
  })
  return figures('N1 browser', 'one edit from a page to the document of another', times)
}

/** The same without a server: the reader's page reviews, and the writer's follows it over WebRTC. */
export async function editBetweenPeers(): Promise<Figure[]> {
  const space = randomUUID()
  const times = await withSite(async (site) => {
    const [writer, reader] = [await site.open(), await site.open()]
    const key = await reader.evaluate((id) => window.bench.openReviewing(id), space)
    await writer.evaluate(([id, of]) => window.bench.openPeer(id, of), [space, key] as const)
    const offer = await reader.evaluate(() => window.bench.offerText())
    const answer = await writer.evaluate((text) => window.bench.acceptText(text), offer)
    // An offer has an answer.
    await reader.evaluate((text) => window.bench.acceptText(text), answer!)
    return timesOf(writer, reader)
  })
  return figures('N1 peers', 'the same over WebRTC, to a page that reviews in memory', times)
}

async function timesOf(writer: Page, reader: Page): Promise<number[]> {
  await writer.evaluate((rows) => window.page.fill(rows), ROWS)
  await reader.evaluate((rows) => window.page.shows(rows), ROWS)
  const found: number[] = []
  for (let edit = 0; edit < WARM_EDITS + EDITS; edit++) {
    const title = `Edit ${edit} of this bench`
    const seen = reader.evaluate((wanted) => window.page.seen(wanted), title)
    const startedAt = await writer.evaluate(([row, text]) => window.page.edit(row, text), [
      (edit * 37) % ROWS,
      title,
    ] as const)
    const ms = (await seen) - startedAt
    if (edit >= WARM_EDITS) found.push(ms)
  }
  const states = [writer, reader].map((page) => page.evaluate(() => window.page.digest()))
  const [written, read] = await Promise.all(states)
  must(written === read, 'the two pages hold different rows')
  return found
}

function figures(name: string, what: string, times: readonly number[]): Figure[] {
  const facts = { what, unit: 'ms' as const }
  const rounds = times.length
  return [
    { ...loneFigure({ ...facts, name: `${name} p50` }, [quantile(times, 0.5)]), rounds },
    { ...loneFigure({ ...facts, name: `${name} p99` }, [quantile(times, 0.99)]), rounds },
  ]
}
