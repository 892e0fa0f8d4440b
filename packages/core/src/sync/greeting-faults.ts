/** Why a reviewer that greets well is not followed, by what it says of itself. */
import { type Position, WIRE_VERSION } from '../facts/message.ts'
import type { LinkRefusal } from './session-host.ts'

/** It speaks another version of the protocol. */
export function versionFault(v: number): LinkRefusal | undefined {
  if (v === WIRE_VERSION) return undefined
  const note = `the reviewer speaks version ${v} of the protocol, this app ${WIRE_VERSION}`
  return { refusal: 'wrong_version', note }
}

/** It lacks what this store has from it. `here`: the position of this store. */
export function lossFault(position: Position, here: Position | null): LinkRefusal | undefined {
  if (!here || here.seq === 0) return undefined
  if (here.eid === position.eid && here.seq <= position.seq) return undefined
  const note = 'the reviewer lacks reviews that this store has from it; nothing is taken from it'
  return { refusal: 'began_anew', note }
}
