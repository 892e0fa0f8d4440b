/** The door `core/message`: what a message is, how it is identified, checked and bounded. */
export { hash, hashBytes, isHash, setSha256 } from '../base/hash.ts'
export type { Hash, Sha256 } from '../base/hash.ts'
export { canonical } from '../base/canonical.ts'
export { fromBase64url, toBase64url } from '../base/bytes.ts'
export { isUuid, uuid4, uuid8 } from '../base/uuid.ts'
export type { Uuid } from '../base/uuid.ts'
export type { Json } from '../base/json.ts'
export { chainAfter, epochIdentity, positionBytes, rejectionBytes } from './chain.ts'
export type { ChainLink } from './chain.ts'
export {
  EntityIds,
  grantBytes,
  identify,
  leafHash,
  personalCommit,
  sealBytes,
  sortedExpectations,
  valuesHash,
  whoamiId,
} from './ids.ts'
export { LIMITS } from './limits.ts'
export type { Limits } from './limits.ts'
export * from './message.ts'
export { assignedFault, boundsFault, changeFault, messageFault } from './parse.ts'
