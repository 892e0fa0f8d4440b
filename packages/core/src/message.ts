/** The door `core/message`: what a message is, how it is identified, checked and bounded. */
export { hash, hashBytes, isHash, setSha256 } from './base/hash.ts'
export type { Hash, Sha256 } from './base/hash.ts'
export { canonical } from './base/canonical.ts'
export { fromBase64url, toBase64url } from './base/bytes.ts'
export { isUuid, uuid8 } from './base/uuid.ts'
export { uuid4 } from './base/uuid4.ts'
export type { Uuid } from './base/uuid.ts'
export type { Json } from './base/json.ts'
export * from './facts/index.ts'
export {
  acceptedBytes,
  bindBytes,
  historyBytes,
  keptBytes,
  positionBytes,
  nackBytes,
  rejectionBytes,
  settledBytes,
  snapshotBytes,
  welcomeBytes,
} from './wire/signed.ts'
export { EntityIds, grantBytes, personalCommit, whoamiId } from './facts/whoami.ts'
export { LIMITS } from './facts/limits.ts'
export type { Limits } from './facts/limits.ts'
export * from './facts/message.ts'
export { assignedFault } from './facts/parse.ts'
