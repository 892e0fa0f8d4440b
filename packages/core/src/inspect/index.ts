/**
 * The door `core/inspect`: what devtools can read of a store, as plain data. Also the ports that a
 * development-only fault injector wraps, since devtools import no other door.
 */
export type { Json } from '../base/json.ts'
export type { Uuid } from '../base/uuid.ts'
export type { MessageState, Position, ProvisionalTerm } from '../facts/message.ts'
export { isLongerThan } from '../base/size.ts'
export { FRAME_BYTES_MAX } from '../ports/transport.ts'
export type { Link, LinkEvents, Transport } from '../ports/transport.ts'
export type { StorageHealth } from '../ports/storage-care.ts'
export { StorageError } from '../ports/storage.ts'
export type {
  Storage,
  StorageHandle,
  StorageTrouble,
  StoredState,
  WriteBatch,
} from '../ports/storage.ts'
export { EVENT_KINDS, isMessageEvent } from './event.ts'
export type { EventKind, InspectEvent, MessageEvent } from './event.ts'
export { RING_BYTES_MAX, RING_EVENTS_MAX, nameOf } from './event-ring.ts'
export { Feed, reviewRecord } from './feed.ts'
export type { FeedSubject } from './feed.ts'
export * from './records.ts'
export { registerInspectable } from './registry.ts'
export type { Inspectable } from './registry.ts'
export {
  ANSWER_MESSAGES_MAX,
  ANSWER_ROWS_MAX,
  ANSWER_STATES_MAX,
  DAG_NODES_MAX,
} from './requests.ts'
export type {
  Answers,
  CommandKind,
  CommandOf,
  CommandOutcome,
  InspectCommand,
  InspectRequest,
  RequestKind,
  RequestOf,
} from './requests.ts'
export { liveRegisters, rowAt } from './row-at.ts'
export { inspect } from './source.ts'
export type { InspectSource } from './source.ts'
export { stateDigest } from './state-digest.ts'
