/**
 * The fold and what it works on, for tests that hold it against an oracle. Not for apps:
 * these parts are free to change with the library.
 */
export { apply } from '../fold/apply.ts'
export { candidatesOf, isConflict, sameValue, shownWrite } from '../fold/shown.ts'
export { PageLoader, PageWriter } from '../fold/snapshot.ts'
export { createdOf, headsOf, isLinear, lastOf, liveOf, writesOf } from '../fold/state.ts'
export type { EntityState } from '../fold/state.ts'
export { Entry, Write } from '../log/entry.ts'
export { MessageIndex } from '../log/messages.ts'
export { compareOrder } from '../log/order.ts'
export { UNSET } from '../schema/input.ts'
export { RegisterTable } from '../schema/registers.ts'
