/**
 * The reviewer with a long life on its disk: how long until it is ready, beside one with an empty
 * folder, and what it takes of memory while clients write to rows all over the space. Both are real
 * processes. The data are made once, for all rounds.
 */
import { type ChildProcess, fork } from 'node:child_process'
import type { Settings } from '../args.ts'
import { type Figure, loneFigure, timeFigure } from '../figure.ts'
import {
  type Place,
  type ServerProcess,
  freePort,
  residentOf,
  sizeOf,
  withPlace,
} from '../net/processes.ts'
import { fill } from './fill.ts'
import { MESSAGES_EACH } from './task.ts'
import type { Written } from './writers.ts'

const ROUNDS = 5
const WRITERS = 20
/** Of each writer, and no more than it has rows of its own. */
const MESSAGES_MAX = 1_000
const LOOK_MS = 20

/** At a fifth of the size, and at the size: nothing of it may grow with history. */
export async function runReviewer(settings: Settings): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const changes of [settings.rows * 2, settings.rows * MESSAGES_EACH]) {
    const isSmall = changes < settings.rows * MESSAGES_EACH
    const found = await withPlace((place) => measured(place, settings, changes))
    figures.push(
      ...found.map((figure) => (isSmall ? { ...figure, name: `${figure.name} few` } : figure)),
    )
  }
  return figures
}

async function measured(
  place: Place,
  settings: Settings,
  changes: number,
): Promise<readonly Figure[]> {
  const { rounds = ROUNDS } = settings
  const data = place.folder()
  const filledAt = performance.now()
  const position = await fill(data, changes)
  const fillS = (performance.now() - filledAt) / 1_000
  const empty = place.folder()
  const ready = { floor: [] as { ms: number }[], ours: [] as { ms: number }[] }
  for (let round = 0; round <= rounds; round++) {
    for (const [kind, folder] of [
      ['floor', empty],
      ['ours', data],
    ] as const) {
      const startedAt = performance.now()
      const server = await place.server('ours', { port: 0, data: folder })
      // The first round compiles the sources.
      if (round > 0) ready[kind].push({ ms: performance.now() - startedAt })
      await server.stop()
    }
  }
  const diskBytes = sizeOf(data)
  const server = await place.server('ours', {
    ...{ port: await freePort(), data },
    profile: settings.profile,
  })
  const startBytes = residentOf(server.pid)
  const entities = changes / MESSAGES_EACH
  const messages = Math.min(MESSAGES_MAX, Math.floor(entities / WRITERS / 10) * 10)
  const facts = [JSON.stringify(position), entities, WRITERS, messages]
  const { peakBytes, written } = await writing(server, facts.map(String))
  const names = `${changes.toLocaleString('en-US')} changes on disk`
  const rate = (WRITERS * messages * 1_000) / written.writtenMs
  return [
    timeFigure(
      {
        name: 'reviewer ready',
        what: `${names}: until the reviewer is ready; floor: an empty folder`,
        unit: 'ms',
        note: `made in ${fillS.toFixed(0)} s`,
      },
      ready,
    ),
    loneFigure({ name: 'reviewer disk', what: `${names}: bytes on disk a change`, unit: 'B' }, [
      diskBytes / changes,
    ]),
    loneFigure(
      {
        name: 'reviewer welcome',
        what: 'the same: a first link until its session is known',
        unit: 'ms',
      },
      [written.welcomeMs],
    ),
    loneFigure(
      {
        name: 'reviewer memory',
        what: `the same: resident while ${WRITERS} clients write`,
        unit: 'MB',
        note: `${startBytes.toFixed(0)} MB before; ${Math.round(rate)} messages a second to rows far apart`,
      },
      [peakBytes],
    ),
  ]
}

interface Writing {
  readonly peakBytes: number
  readonly written: Written
}

/** Lets the writers write, and looks at the server meanwhile. */
async function writing(server: ServerProcess, facts: readonly string[]): Promise<Writing> {
  const child = fork(new URL('writers.ts', import.meta.url), [server.address.url, ...facts], {
    execArgv: ['--conditions=@countersign/source'],
  })
  let peakBytes = residentOf(server.pid)
  const looking = setInterval(() => {
    peakBytes = Math.max(peakBytes, residentOf(server.pid))
  }, LOOK_MS)
  try {
    const written = await saidBy(child)
    return { peakBytes, written }
  } finally {
    clearInterval(looking)
  }
}

function saidBy(child: ChildProcess): Promise<Written> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as Written))
    child.once('exit', (code) => reject(new Error(`the writers ended with code ${code}`)))
  })
}
