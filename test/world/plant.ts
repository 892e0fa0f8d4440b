/**
 * Plants a bug: a piece of core's source is replaced while it is loaded, in this process only
 * and never in the product. Fails loudly when the piece no longer stands there, so that planted
 * bugs keep step with the code. Must be called before core is imported.
 */
import { registerHooks } from 'node:module'

export interface Edit {
  /** Under `packages/core/src`. */
  readonly module: string
  /** What stands there once; blanks, and commas at the ends of lists, do not matter. */
  readonly from: string
  readonly to: string
}

export interface Planted {
  readonly name: string
  /** What it breaks, in a sentence. */
  readonly what: string
  readonly edits: readonly Edit[]
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

function replaced(source: string, { from, to }: Edit, name: string): string {
  const pattern = patternOf(from)
  const found = source.match(new RegExp(pattern, 'g'))?.length ?? 0
  if (found !== 1) throw new Error(`planted bug "${name}": found ${found} times: ${from}`)
  return source.replace(new RegExp(pattern), () => to)
}

/** The formatter may break lines anywhere between tokens. */
function patternOf(text: string): string {
  const tokens = text.trim().match(/[\w$#]+|[^\s\w]/g) ?? []
  return tokens.map((token) => token.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[\\s,]*')
}
