/** Faults of a well-formed greeting for which a reviewer is not followed. */
import { WIRE_VERSION } from '../facts/message.ts'
import type { LinkRefusal } from './session-host.ts'

/** It speaks another version of the protocol. */
export function versionFault(v: number): LinkRefusal | undefined {
  if (v === WIRE_VERSION) return undefined
  const note = `the reviewer speaks version ${v} of the protocol, this app ${WIRE_VERSION}`
  return { refusal: 'wrong_version', note }
}
