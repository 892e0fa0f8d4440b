/** Times of short blocks, of which the lower quartile counts: the load of others spoils the upper. */
import { quantile } from '../figure.ts'
import { turn } from '../node/rounds.ts'

const BLOCKS = 40
const WARM_BLOCKS = 10
const BLOCK_OPERATIONS = 25

/** µs of an operation; between two blocks the event loop has its turn, in which a store may flush. */
export async function perOperation(operation: (i: number) => void): Promise<number> {
  const times: number[] = []
  for (let block = 0; block < WARM_BLOCKS + BLOCKS; block++) {
    const start = performance.now()
    for (let i = 0; i < BLOCK_OPERATIONS; i++) operation(block * BLOCK_OPERATIONS + i)
    const ms = performance.now() - start
    if (block >= WARM_BLOCKS) times.push((ms * 1_000) / BLOCK_OPERATIONS)
    await turn()
  }
  return quantile(times, 0.25)
}
