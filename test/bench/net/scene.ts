/** A server with a writer and a reader, for each of floor, ours and the peers that were asked for. */
import type { Settings } from '../args.ts'
import { type Figure, type Rounds, type Stretch, loneFigure, median, must } from '../figure.ts'
import { type Client, type Place, type ServerProcess, cpuMsOf, freePort } from './processes.ts'
import { type Kind, NET_PEERS } from './replica.ts'

export const ROWS = 1_000
export const ROUNDS = 5

const EQUAL_TRIES = 600
const EQUAL_PAUSE_MS = 100

export function kindsOf({ peers }: Settings): readonly Kind[] {
  return peers ? ['floor', 'ours', ...NET_PEERS] : ['floor', 'ours']
}

/** A server, with a writer and a reader that both have all rows. */
export interface Scene {
  readonly server: ServerProcess
  readonly writer: Client
  readonly reader: Client
  readonly data: string
}

export async function sceneOf(kind: Kind, place: Place, profile?: string): Promise<Scene> {
  const data = place.folder()
  const server = await place.server(kind, { port: await freePort(), data, profile })
  const writer = await place.client(kind, server.address, profile)
  const written = await writer.fill(ROWS)
  const reader = await place.client(kind, server.address, profile)
  must((await reader.follow(ROWS)) === written, `${kind}: the reader has other rows`)
  return { server, writer, reader, data }
}

export async function scenesOf(
  place: Place,
  settings: Settings,
): Promise<ReadonlyMap<Kind, Scene>> {
  const scenes = new Map<Kind, Scene>()
  for (const kind of kindsOf(settings)) {
    scenes.set(kind, await sceneOf(kind, place, settings.profile))
  }
  return scenes
}

/** All replicas of a side, and a newcomer, come to hold the same rows. */
export async function checkEqual(
  kind: Kind,
  { server, writer, reader }: Scene,
  place: Place,
): Promise<void> {
  const newcomer = await place.client(kind, server.address)
  await newcomer.follow(ROWS)
  for (const client of [reader, newcomer]) {
    must(await becomesEqual(writer, client), `${kind}: two replicas hold different rows`)
  }
  newcomer.process.disconnect()
}

/** The order has no more to come for a replica at rest; where there is none, one waits a while. */
export async function becomesEqual(one: Client, other: Client): Promise<boolean> {
  for (let tries = 0; tries < EQUAL_TRIES; tries++) {
    const states = await Promise.all([one.state(), other.state()])
    if (states[0].digest === states[1].digest && states[0].seq === states[1].seq) return true
    await pause(EQUAL_PAUSE_MS)
  }
  return false
}

export async function reached(client: Client, seq: number | undefined): Promise<void> {
  for (let tries = 0; tries < 5_000; tries++) {
    const known = (await client.progress()).seq
    if (seq === undefined || known === undefined || known >= seq) return
    await pause(2)
  }
  throw new Error(`wrong result: a replica never reached ${seq}`)
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** The measures of all sides, round by round. */
export class Measures<T> {
  readonly #kinds: readonly Kind[]
  readonly #runs = new Map<Kind, T[]>()

  constructor(kinds: readonly Kind[]) {
    this.#kinds = kinds
    for (const kind of kinds) this.#runs.set(kind, [])
  }

  add(kind: Kind, run: T): void {
    this.#runs.get(kind)!.push(run)
  }

  of(kind: Kind): readonly T[] {
    return this.#runs.get(kind)!
  }

  rounds(of: (run: T) => Stretch | number): Rounds {
    const stretches = (kind: Kind): Stretch[] =>
      this.of(kind).map((run) => {
        const value = of(run)
        return typeof value === 'number' ? { ms: value } : value
      })
    const peers = this.#kinds.slice(2)
    return {
      floor: stretches('floor'),
      ours: stretches('ours'),
      ...(peers.length > 0 && {
        peers: Object.fromEntries(peers.map((kind) => [kind, stretches(kind)])),
      }),
    }
  }

  /** A figure in other units than time, beside the floor's median. */
  beside(
    facts: { readonly name: string; readonly unit: Figure['unit']; readonly what: string },
    of: (run: T) => number,
  ): Figure {
    const peers = this.#kinds.slice(2).map((kind) => [kind, median(this.of(kind).map(of))])
    return {
      ...loneFigure(facts, this.of('ours').map(of)),
      floor: median(this.of('floor').map(of)),
      ...(peers.length > 0 && { peers: Object.fromEntries(peers) as Record<string, number> }),
    }
  }
}

export type Part = 'writer' | 'server' | 'reader'

/** Time on the processor of each process of a scene, in ms. */
export function cpuMsBy({ server, writer, reader }: Scene): Readonly<Record<Part, number>> {
  return {
    writer: cpuMsOf(writer.process.pid!) ?? NaN,
    server: cpuMsOf(server.pid) ?? NaN,
    reader: cpuMsOf(reader.process.pid!) ?? NaN,
  }
}
