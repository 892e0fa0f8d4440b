/**
 * The gate of one link, and the receiver of its frames: the session, while the link lasts. After
 * the link is lost, frames with shown messages are still verified, so that nothing unverified stays
 * in view.
 */
import type { Position } from '../facts/message.ts'
import type { Epoch } from '../wire/records.ts'
import { Gate, type GatedFrame } from './gate.ts'
import { type LinkRefusal, type SessionParts, forgery } from './session-host.ts'
import type { PartHashes } from './snapshot-parts.ts'
import type { Reviewing, TailFrame } from './tail-plan.ts'

export interface LinkGateParts extends Pick<SessionParts, 'space' | 'host' | 'tail' | 'scopes'> {
  readonly by: Reviewing
  /** The position of the greeting. */
  readonly greeted: Position
  /** The reviewer's, of this link. */
  readonly nonce: string
  readonly isLive: () => boolean
  readonly partHashes: (snapshot: number) => PartHashes
  /** Called with a frame that is verified, or needs no check. */
  readonly believed: (frame: GatedFrame, text: string) => void
  readonly refuse: (refusal: LinkRefusal) => void
}

/** A frame of the tail, and its text as it can be stored. */
export interface RelayedFrame {
  readonly frame: TailFrame
  readonly text: string
}

/** Takes in a frame that is checked, without the link that brought it. */
function takeIn(
  frame: TailFrame,
  text: string,
  { host, tail, by }: Pick<LinkGateParts, 'host' | 'tail' | 'by'>,
): void {
  const outcome = tail.tail(frame, by.lineage.at(tail.position?.seq ?? 0))
  if (outcome.kind === 'applied') host.taken(outcome, [text], by)
}

/**
 * Takes in a frame that the reviewer has signed, and a peer has passed on. Its position has vouched for
 * these epochs.
 */
export function takeRelayed(
  { frame, text }: RelayedFrame,
  epochs: readonly Epoch[],
  { host, tail }: Pick<LinkGateParts, 'host' | 'tail'>,
): void {
  const lineage = host.greeted(epochs)
  if (!tail.position || !lineage.has(tail.position)) return
  host.follow(lineage, false)
  takeIn(frame, text, { host, tail, by: { ...lineage.present, lineage } })
}

/** A gate for a link whose greeting was checked. */
export function linkGate(parts: LinkGateParts): Gate {
  const { host, tail, by, scopes, isLive, partHashes } = parts
  // A store of scopes has not all rows that a tail changes, and takes in none.
  const isShown = !host.isNative && scopes === undefined
  const late = (frame: GatedFrame, text: string): void => {
    if (frame.kind === 'tail' && tail.isAhead) takeIn(frame, text, parts)
  }
  return new Gate(
    {
      verify: (bytes, sig) => host.verify(bytes, sig),
      partHashes,
      ...(isShown && { show: (frame) => tail.show(frame, by) }),
      deliver: (frame, text) => {
        if (isLive()) parts.believed(frame, text)
        else late(frame, text)
      },
      forged: (what) => {
        tail.disown()
        const refusal = forgery(what)
        if (isLive()) parts.refuse(refusal)
        else host.alarm(refusal.note)
      },
    },
    parts,
  )
}

/** Called when the link is lost: verifies the frames whose messages are shown. */
export function leave(gate: Gate, tail: Pick<SessionParts['tail'], 'isAhead'>): Gate {
  if (tail.isAhead) gate.finish()
  else gate.close()
  return gate
}
