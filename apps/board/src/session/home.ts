/**
 * The way to the reviewer: one connection for all tabs of this browser, for each seat. It outlives the
 * stores of its seat, because other tabs may use it.
 */
import { type SharedTransport, shareBetweenTabs } from '@countersign/transport-broadcast'
import { socketIo } from '@countersign/transport-socketio'
import { pageConfig } from './config.ts'

const homes = new Map<string, SharedTransport>()

export function homeOf(seat: string): SharedTransport {
  let home = homes.get(seat)
  if (!home) {
    home = shareBetweenTabs(`board-${pageConfig().space}-${seat}`, socketIo(location.origin))
    homes.set(seat, home)
  }
  return home
}
