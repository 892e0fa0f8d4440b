// Owns: how every public package is built. ESM only, one file per door, types beside it.

import { defineConfig, type UserConfig } from 'tsdown'

export function library(entry: string[], platform: 'neutral' | 'node' = 'neutral'): UserConfig {
  return defineConfig({
    // Doors keep their folder: src/ports/index.ts becomes dist/ports/index.js.
    entry: Object.fromEntries(entry.map((file) => [doorOf(file), file])),
    format: 'esm',
    platform,
    target: 'es2023',
    dts: { oxc: true },
    sourcemap: true,
    clean: true,
    fixedExtension: false,
    logLevel: 'warn',
  }) as UserConfig
}

function doorOf(file: string): string {
  return file.replace(/^src\//, '').replace(/\.tsx?$/, '')
}
