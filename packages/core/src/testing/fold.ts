/**
 * The inside of replica and reviewer, for tests that hold it against an oracle: the fold and
 * what it works on, snapshots, the tail. Not for apps: these parts change with the library.
 */
export { apply } from '../fold/apply.ts'
export { baseOf } from '../fold/base.ts'
export { basesFor } from '../fold/review-bases.ts'
export { candidatesOf, isConflict, sameValue, shownWrite } from '../fold/shown.ts'
export { PageLoader, PageWriter } from '../fold/snapshot.ts'
export { createdOf, headsOf, isLinear, lastOf, liveOf, totalOf, writesOf } from '../fold/state.ts'
export type { EntityState } from '../fold/state.ts'
export { Entry, Write, giveReview } from '../history/entry.ts'
export { MessageIndex } from '../history/messages.ts'
export { compareOrder } from '../history/order.ts'
export { UNSET } from '../schema/input.ts'
export { saw } from '../history/saw.ts'
export { RegisterTable } from '../schema/registers.ts'
export { intake } from '../messaging/materialize.ts'
export { TailReader } from '../messaging/tail.ts'
export type { TailOutcome } from '../messaging/tail.ts'
export { Repo } from '../repo/repo.ts'
export { SpaceState } from '../reviewer/space.ts'
