/**
 * Plants a bug: a piece of core's source is replaced while it is loaded, in this process only
 * and never in the product. Fails loudly when the piece is no longer there, so that planted
 * bugs keep step with the code. Must be called before core is imported.
 */
import { existsSync, readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import type { WorkloadName } from './plan.ts'

export interface Edit {
  /** Under `packages/core/src`. */
  readonly module: string
  /** The code that occurs exactly once; blanks, and commas at the ends of lists, do not matter. */
  readonly from: string
  readonly to: string
}

export interface Planted {
  readonly name: string
  /** What the bug breaks, as a sentence. */
  readonly what: string
  readonly edits: readonly Edit[]
  /** A seed that is known to catch it, tried before all others. */
  readonly seed?: number
  /** The workload that its seed is run with, where it is not the one of that seed in a run of everything. */
  readonly workload?: WorkloadName
}

const core = new URL('../../packages/core/src/', import.meta.url).href

export function plant({ name, edits }: Planted): void {
  registerHooks({
    load: (url, context, nextLoad) => {
      const loaded = nextLoad(url, context)
      const concerned = edits.filter(({ module }) => url === core + module)
      if (concerned.length === 0) return loaded
      const { source: raw } = loaded
      const source = typeof raw === 'string' ? raw : new TextDecoder().decode(raw as Uint8Array)
      return {
        ...loaded,
        source: concerned.reduce((text, edit) => replaced(text, edit, name), source),
      }
    },
  })
}

/** The pieces of a planted bug that do not occur exactly once in the code, as sentences. */
export function misfits({ name, edits }: Planted): string[] {
  return edits.flatMap((edit) => {
    const url = new URL(core + edit.module)
    const found = existsSync(url) ? countOf(readFileSync(url, 'utf8'), edit) : 0
    return found === 1 ? [] : [misfit(name, edit, found)]
  })
}

function replaced(source: string, edit: Edit, name: string): string {
  const found = countOf(source, edit)
  if (found !== 1) throw new Error(misfit(name, edit, found))
  return source.replace(new RegExp(patternOf(edit.from)), () => edit.to)
}

function countOf(source: string, { from }: Edit): number {
  return source.match(new RegExp(patternOf(from), 'g'))?.length ?? 0
}

function misfit(name: string, { module, from }: Edit, found: number): string {
  return `planted bug "${name}": found ${found} times in ${module}: ${from}`
}

/** The formatter may break lines anywhere between tokens. */
function patternOf(text: string): string {
  const tokens = text.trim().match(/[\w$#]+|[^\s\w]/g) ?? []
  return tokens.map((token) => token.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[\\s,]*')
}
