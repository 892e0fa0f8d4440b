/** The app, built in memory for development: its files by their names. */
import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { build } from 'vite'

export async function builtPage(): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const before = process.env['NODE_ENV']
  // What is built for production has no devtools: that is what their main door is for.
  process.env['NODE_ENV'] = 'development'
  try {
    const built = await build({
      root: fileURLToPath(new URL('.', import.meta.url)),
      configFile: false,
      mode: 'development',
      logLevel: 'error',
      plugins: [react()],
      resolve: {
        conditions: ['@countersign/source', 'module', 'browser', 'development|production'],
        dedupe: ['react', 'react-dom'],
      },
      build: { write: false, minify: false, target: 'es2024', chunkSizeWarningLimit: 10_000 },
    })
    if (!('output' in built)) throw new Error('the build of the page made no files')
    return new Map(
      built.output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : file.source]),
    )
  } finally {
    if (before === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = before
  }
}
