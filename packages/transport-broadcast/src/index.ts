/** The door of `@countersign/transport-broadcast`: tabs of one browser as peers. */
export { broadcastPeers } from './peers.ts'
export type { BroadcastOptions } from './peers.ts'
