/** A process that measures how the store's operations grow, beside the floor. */
import { ofHistory } from './history.ts'
import type { Growth } from './order.ts'
import { ofQueries } from './queries.ts'
import { ofRows } from './rows.ts'

const { rows } = JSON.parse(process.argv[2]!) as { rows: number }
const growths: Growth[] = [
  ...(await ofRows([rows / 100, rows / 10, rows, rows * 10])),
  ...(await ofQueries(rows / 10)),
  ...(await ofHistory(rows / 100)),
]
process.send!(growths, () => process.exit(0))
