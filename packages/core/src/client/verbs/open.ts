/** The first preconditions of a write; checked before the parts that write are loaded. */
import { CountersignError } from '../../base/outcome.ts'

/** The stages of a store. */
export interface Stage {
  readonly isClosed: boolean
  /** Created without a window. */
  readonly isInert: boolean
  /** Identity and local rows are loaded. */
  readonly isReady: boolean
}

/** @throws CountersignError `closed` or `not_ready` */
export function assertOpen({ isClosed, isInert, isReady }: Stage): void {
  if (isClosed) throw new CountersignError('closed', 'the store is closed')
  if (isInert) {
    throw new CountersignError(
      'not_ready',
      'this store was created without a window, and is inert; pass `server: true` to write on a server',
    )
  }
  if (!isReady) {
    throw new CountersignError(
      'not_ready',
      'the store is not ready: await store.ready before the first write',
    )
  }
}
