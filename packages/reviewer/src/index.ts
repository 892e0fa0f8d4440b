/** The entry point of `@countersign/reviewer`: everything a reviewer needs to run on Node. */
export { anonymous } from './auth/anonymous.ts'
export { jwt } from './auth/jwt.ts'
export type { JwksOptions, KeyOptions } from './auth/jwt.ts'
export { serveReviewer } from './gateway/serve.ts'
export type { Gateway, ServeOptions } from './gateway/serve.ts'
export type { Cors } from './gateway/origin.ts'
export type {
  GatewayHost,
  GatewayLimits,
  GatewayReviewer,
  LinkHandler,
  Log,
  Peer,
} from './gateway/types.ts'
export { readEntities } from './entities.ts'
export { loadModule } from './load.ts'
export { LOG_LEVELS, stderrLog } from './log.ts'
export { nodeClock } from './node/clock.ts'
export { nodeRandom } from './node/random.ts'
export { installNodeSha256 } from './node/sha256.ts'
export { nodeSigner } from './node/signer.ts'
export { StoreError } from './store/errors.ts'
export type { StoreTrouble } from './store/errors.ts'
export { sqliteSpaces } from './store/sqlite-spaces.ts'
export type { SqliteSpacesOptions } from './store/sqlite-spaces.ts'
export { startReviewer } from './start.ts'
export type {
  OneSpace,
  RunningReviewer,
  RunningReviewers,
  SeveralSpaces,
  StartOptions,
} from './start.ts'
