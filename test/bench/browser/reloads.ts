/**
 * Reloads right after a write, in Chromium: how many writes the next page finds, ours against a
 * bare IndexedDB `put`. Both sides in turn, so that they meet the same machine.
 */
import type { Page } from 'playwright'
import type { Found, LeavingKind } from './page/leave.ts'
import type {} from './page/main.ts'
import { loaded, withSite } from './site.ts'

export interface Losses {
  readonly delayMs: number
  readonly tries: number
  /** Writes that the next page did not find. */
  readonly lost: Readonly<Record<LeavingKind, number>>
  /** Ours that were not there at once, and came within seconds. */
  readonly late: number
  /** Ours of which `flushed()` had resolved before the reload, and how many of these are lost. */
  readonly flushed: number
  readonly flushedLost: number
}

const KINDS: readonly LeavingKind[] = ['bare', 'ours']

/** Where one side writes, its page reloads so many ms later, and the next page looks for it. */
export interface Place {
  leave(kind: LeavingKind, delayMs: number): Promise<Found>
}

/** `within` opens a place, and closes it after the work. */
export async function reloads(
  delays: readonly number[],
  tries: number,
  {
    within = withNotes,
    onLosses = () => {},
  }: {
    readonly within?: (work: (place: Place) => Promise<Losses>) => Promise<Losses>
    readonly onLosses?: (losses: Losses) => void
  } = {},
): Promise<readonly Losses[]> {
  const all: Losses[] = []
  for (const delayMs of delays) {
    const losses = await within((place) => lossesOf(place, delayMs, tries))
    onLosses(losses)
    all.push(losses)
  }
  return all
}

/** A small page with a store in it. */
function withNotes(work: (place: Place) => Promise<Losses>): Promise<Losses> {
  return withSite(async (site) => {
    const page = await site.open()
    return work({ leave: (kind, delayMs) => oneTry(page, kind, delayMs) })
  })
}

async function lossesOf(place: Place, delayMs: number, tries: number): Promise<Losses> {
  const found: Record<LeavingKind, Found[]> = { bare: [], ours: [] }
  for (let i = 0; i < tries; i++)
    for (const kind of KINDS) found[kind].push(await place.leave(kind, delayMs))
  const lost = (kind: LeavingKind): number =>
    found[kind].filter((each) => !each.found && !each.late).length
  const flushed = found.ours.filter(({ settled }) => settled)
  return {
    delayMs,
    tries,
    lost: { bare: lost('bare'), ours: lost('ours') },
    late: found.ours.filter(({ late }) => late).length,
    flushed: flushed.length,
    flushedLost: flushed.filter((each) => !each.found).length,
  }
}

async function oneTry(page: Page, kind: LeavingKind, delayMs: number): Promise<Found> {
  const text = crypto.randomUUID()
  const name = text.slice(0, 8)
  const reloaded = page.waitForEvent('load')
  await page.evaluate(
    ([of, to, written, delay]) => {
      // Not awaited: the page is gone before it ends.
      void window.bench.writeAndLeave(of, { name: to, text: written, delayMs: delay })
    },
    [kind, name, text, delayMs] as const,
  )
  await reloaded
  await loaded(page)
  return page.evaluate(([of, from, written]) => window.bench.findLeft(of, from, written), [
    kind,
    name,
    text,
  ] as const)
}
