/** What a reviewer says of itself to its operator. */
import type { ReviewerHealth } from './api.ts'
import type { Connection } from './connection.ts'
import type { Desk } from './desk.ts'
import type { Events } from './events.ts'
import type { Intake } from './intake.ts'

/** The pieces of a reviewer that have its figures. */
export interface HealthSources {
  readonly desk: Desk
  readonly events: Events
  readonly intake: Intake
  readonly connections: ReadonlySet<Connection>
}

/** The figures of a reviewer at this moment. */
export function healthOf({ desk, events, intake, connections }: HealthSources): ReviewerHealth {
  const { head, open, isHealthy } = desk
  const { accepted, rejected, nacked } = events
  return {
    epoch: head.epoch,
    seq: head.seq,
    connections: connections.size,
    sessions: open.ledger.sessions,
    cachedBytes: open.space.cachedBytes,
    healthy: isHealthy,
    pendingCommit: intake.messages,
    ...{ accepted, rejected, nacked },
  }
}
