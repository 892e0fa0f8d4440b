/** The door of `@countersign/transport-webrtc`: peers over WebRTC data channels. */
export { byHand } from './by-hand.ts'
export type { ByHand } from './by-hand.ts'
export { webRtcPeers } from './peers.ts'
export type { WebRtcOptions } from './peers.ts'
