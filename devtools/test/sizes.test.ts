/** Checks the sizes in the README against a production bundle without React. */
import { readFileSync } from 'node:fs'
import { brotliCompressSync } from 'node:zlib'
import { build } from 'vite'
import { describe, expect, it } from 'vitest'

const root = new URL('..', import.meta.url).pathname

/** Bytes of an entry point with all its exports, bundled, minified and compressed. */
async function bytesOf(entry: string): Promise<number> {
  const built = await build({
    root,
    configFile: false,
    logLevel: 'silent',
    define: { 'process.env.NODE_ENV': '"production"' },
    resolve: { conditions: ['@countersign/source', 'module', 'browser', 'production'] },
    build: {
      write: false,
      minify: true,
      lib: { entry: `${root}src/${entry}`, formats: ['es'], fileName: 'door' },
      rolldownOptions: { external: [/^react/] },
    },
  })
  const outputs = (Array.isArray(built) ? built : [built]) as { output: { code?: string }[] }[]
  const code = outputs.flatMap(({ output }) => output.map((chunk) => chunk.code ?? '')).join('')
  return brotliCompressSync(code).length
}

/** The size in a row of the table in the README, in bytes. */
function stated(row: string): number {
  const line = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`| ${row} |`))
  const [, figure, unit] = /([\d.]+) (B|KB)\b/.exec(line ?? '') ?? []
  return Number(figure) * (unit === 'KB' ? 1_000 : 1)
}

describe('sizes, brotli', () => {
  it.each([
    ['the main entry point in production', 'index.ts'],
    ['the panel', 'panel.ts'],
    ['all entry points, opted in', 'production.ts'],
    ['faults', 'faults.ts'],
  ])(
    '%s has the size in the README',
    async (row, entry) => {
      const bytes = await bytesOf(entry)
      const says = stated(row)
      expect(bytes, `${row}: ${bytes} bytes`).toBeLessThanOrEqual(says)
      expect(bytes, `${row}: ${bytes} bytes, and the README says more`).toBeGreaterThan(says * 0.8)
    },
    60_000,
  )
})
