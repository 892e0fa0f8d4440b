/**
 * The signals between peers, as JSON lists. `tag` names one connection at
 * its end, so that a signal for a closed connection is not mistaken for one of its successor.
 *
 *   ["seek"]                                  who serves?
 *   ["serves"]                                the answer, and sent to all when a peer begins to serve
 *   ["joins"]                                 sent to all by a peer that listens: others that do call it
 *   ["offer" | "answer", tag, other, sdp]     a description; `other`: the tag of the receiver, or null
 *   ["candidate", tag, other, candidate]      an address to try; null: there are no more
 */
import { SIGNAL_BYTES_MAX, isLongerThan } from '@countersign/core/ports'

export type Signal =
  | { readonly kind: 'seek' }
  | { readonly kind: 'serves' }
  | { readonly kind: 'joins' }
  | {
      readonly kind: 'offer' | 'answer'
      readonly tag: string
      readonly other: string | null
      readonly sdp: string
    }
  | {
      readonly kind: 'candidate'
      readonly tag: string
      readonly other: string | null
      readonly candidate: RTCIceCandidateInit | null
    }

/** Signals about one connection. */
export type ConnectionSignal = Exclude<Signal, { kind: 'seek' | 'serves' | 'joins' }>

const TAG_CHARS_MAX = 64

/** The text of a signal. */
export function signalText(signal: Signal): string {
  if (!('tag' in signal)) return JSON.stringify([signal.kind])
  const { kind, tag, other } = signal
  return JSON.stringify([kind, tag, other, kind === 'candidate' ? signal.candidate : signal.sdp])
}

/** Parses an untrusted text; undefined where it is no signal. */
export function parseSignal(text: string): Signal | undefined {
  if (isLongerThan(text, SIGNAL_BYTES_MAX)) return undefined
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!Array.isArray(list)) return undefined
  const [kind, tag, other, value] = list as readonly unknown[]
  if (kind === 'seek' || kind === 'serves' || kind === 'joins') return { kind }
  if (!isTag(tag) || (other !== null && !isTag(other))) return undefined
  if (kind === 'offer' || kind === 'answer')
    return typeof value === 'string' ? { kind, tag, other, sdp: value } : undefined
  if (kind !== 'candidate') return undefined
  if (value === null) return { kind, tag, other, candidate: null }
  const candidate = candidateOf(value)
  return candidate && { kind, tag, other, candidate }
}

function isTag(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= TAG_CHARS_MAX
}

/** The fields that a candidate may have, and nothing else. */
function candidateOf(value: unknown): RTCIceCandidateInit | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = value as Record<string, unknown>
  if (typeof candidate !== 'string') return undefined
  return {
    candidate,
    sdpMid: typeof sdpMid === 'string' ? sdpMid : null,
    sdpMLineIndex: typeof sdpMLineIndex === 'number' ? sdpMLineIndex : null,
    ...(typeof usernameFragment === 'string' && { usernameFragment }),
  }
}
