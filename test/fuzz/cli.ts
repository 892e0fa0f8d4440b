// Owns: `pnpm fuzz [--count N] [--links N] [--seed N]`; `--hostile` is in hostile.ts. Malformed texts for every reader of untrusted
// texts, and malformed frames over links in use. Prints the counts; ends with code 1 where somebody
// threw, halted or lost something.

import { SeededRandom } from '@countersign/core/testing'
import { parseArgs } from 'node:util'
import { recorded } from './corpus.ts'
import { fuzzLinks } from './links.ts'
import { fuzzReaders } from './readers.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000000' },
    links: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
  },
})
const [count, links, seed] = [Number(values.count), Number(values.links), Number(values.seed)]
if (![count, links, seed].every((number) => Number.isSafeInteger(number) && number >= 0)) {
  console.error('usage: pnpm fuzz [--count N] [--links N] [--seed N]; whole numbers')
  process.exit(2)
}
process.on('unhandledRejection', (error) => {
  console.error('fuzz: a promise was rejected and nobody listened', error)
  process.exit(1)
})

console.warn = () => {} // stores warn of each reviewer that they do not follow
const corpus = await recorded()
const counts = fuzzReaders(corpus, new SeededRandom(seed), count)
for (const [name, { sound, refused }] of counts)
  console.log(`fuzz: ${name}: ${refused} refused, ${sound} sound`)
/** Frames of one scene; each has its own seed. */
const SCENE_FRAMES = 1_000
let said = 0
for (let scene = 0; said < links; scene++)
  said += await fuzzLinks(corpus, seed + scene, Math.min(SCENE_FRAMES, links - said))
console.log(`fuzz: ${count} malformed texts and ${said} malformed frames over links, no throw`)
