/** The door `core/reviewer`: the role that orders and countersigns, without sockets or database. */
export { createReviewer } from './reviewer.ts'
export { createReviewerHost } from './host.ts'
export type { HostHealth, HostOptions, ReviewerHost } from './host.ts'
export type { Attached, Reviewer, ReviewerEvent, ReviewerHealth, ReviewerOptions } from './api.ts'
export { sequence, slug } from '../review/assign.ts'
export type { AssignContext, Assigner, Assigners } from '../review/assign.ts'
export type { CanRead, ReadContext } from '../review/read-rights.ts'
export type {
  AnyChange,
  ReviewRule,
  RuleAnswer,
  RuleChange,
  RuleContext,
  RuleMessage,
  RuleRow,
  RuleRows,
  RuleStep,
  Rules,
  TypeRules,
} from '../review/rules.ts'
export { mayReview } from '../facts/capabilities.ts'
export type { Capability } from '../facts/capabilities.ts'
export type { Capabilities, CapabilityContext } from '../review/capabilities.ts'
export type { EquivocationProof } from './evidence.ts'
export type { OverQuota } from './quotas.ts'
export type { Authenticate, Login, Peer } from './login.ts'
export type { Person } from '../review/persons.ts'
export type { LateWork } from '../review/revocations.ts'
export type { Revoked } from '../review/revoked.ts'
export { Entity } from '../schema/entity.ts'
