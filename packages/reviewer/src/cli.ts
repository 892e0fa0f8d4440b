#!/usr/bin/env node
/** The program of the package: `npx @countersign/reviewer inspect|verify|export|import|compact`. */
import { run } from './upkeep/run.ts'

process.exitCode = await run(process.argv.slice(2), {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
})
