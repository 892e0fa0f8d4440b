/**
 * The states of the entities that a link asks for. What costs is ancestry: which of the writes in
 * a page had seen which is found by walking the entity's history, however long. The walks are
 * made in slices, other work in between, and kept; the answer is then made in one turn, so that
 * it stands in order with the tail.
 */
import type { Uuid } from '../base/uuid.ts'
import { PageWriter, walkAncestry } from '../fold/snapshot.ts'
import type { Limits } from '../message/limits.ts'
import type { Position } from '../message/message.ts'
import type { Clock } from '../ports/clock.ts'
import { entitiesFrame } from '../protocol/frames.ts'
import { pageText } from '../protocol/pages.ts'
import { pagesOf } from './catch-up.ts'
import type { Connection } from './connection.ts'
import type { SpaceState } from './space.ts'

/** Rounds of walks; what changed during the last is walked with the answer. */
const ROUNDS_MAX = 3

export interface WantedParts {
  readonly space: () => SpaceState
  readonly head: () => Position
  readonly clock: Clock
  readonly limits: Limits
  /** The states do not fit one answer. */
  readonly onTooLarge: () => void
}

/** Answers everything that is wanted, one answer at a time; while the link catches up it waits. */
export function answerWanted(connection: Connection, parts: WantedParts): void {
  if (connection.isAnswering) return
  connection.isAnswering = true
  void answerAll(connection, parts).finally(() => (connection.isAnswering = false))
}

async function answerAll(connection: Connection, parts: WantedParts): Promise<void> {
  while (isOpen(connection)) {
    await walkAll(connection, parts)
    if (isOpen(connection)) answer(connection, parts)
  }
}

function isOpen({ closed, wanted, mode }: Connection): boolean {
  return !closed && wanted.size > 0 && mode !== 'catching'
}

async function walkAll(
  connection: Connection,
  { space, clock, limits }: WantedParts,
): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    let isWhole = true
    let walked = 0
    for (const id of connection.wanted) {
      const entity = space().entity(id)
      walked += entity ? walkAncestry(entity.state, space().registers(entity.type)) : 0
      if (walked < limits.wantWritesPerTurnMax) continue
      walked = 0
      isWhole = false
      await new Promise<void>((resolve) => void clock.after(0, resolve))
      if (!isOpen(connection)) return
    }
    if (isWhole) return
  }
}

function answer(connection: Connection, { space, head, limits, onTooLarge }: WantedParts): void {
  const ids: readonly Uuid[] = [...connection.wanted]
  connection.wanted = new Set()
  const held = ids.flatMap((id) => {
    const entity = space().entity(id)
    return entity ? [{ id, type: entity.type, state: entity.state }] : []
  })
  const [page = pageText([]), ...more] = pagesOf(held, new PageWriter(), {
    space: space(),
    bytesMax: limits.reviewerFrameBytesMax / 2,
  })
  // Entities too large for one answer are onboarded like everything else.
  if (more.length > 0) onTooLarge()
  else connection.send(entitiesFrame(ids, page, JSON.stringify(head())))
}
