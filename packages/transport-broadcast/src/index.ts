/** The door of `@countersign/transport-broadcast`: tabs of one browser as peers, and with one connection. */
export { broadcastPeers } from './peers.ts'
export type { BroadcastOptions } from './peers.ts'
export { shareBetweenTabs } from './share/share.ts'
export type { SharedTransport } from './share/share.ts'
export type { ShareableTransport } from './share/shareable.ts'
