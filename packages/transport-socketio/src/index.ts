/** The door of `@countersign/transport-socketio`: a replica's transport to its reviewer. */
export { socketIo } from './socket-io.ts'
export type { SocketIoOptions, SocketIoTransport } from './socket-io.ts'
