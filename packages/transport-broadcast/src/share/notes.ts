/** The notes beside the frames of a link that goes through another tab. */

/** The tab with the connection opens the link on it. */
export const CARRIED = 'carried'
/** Bytes have arrived on the connection. */
export const ALIVE = 'alive'

/** A signal between peers, or what comes before it. */
export type SignalNote =
  /** Up: this tab takes part in signalling. */
  | readonly ['join']
  /** Down: its id there. */
  | readonly ['joined', self: string]
  /** Up to that peer, or with '' to all; down from that peer. */
  | readonly ['signal', peer: string, text: string]

/** The note of a signal. */
export function noteOf(signal: SignalNote): string {
  return JSON.stringify(signal)
}

/** The signal of a note of a tab of the same origin; undefined: it is none. */
export function signalIn(note: string): SignalNote | undefined {
  return note.startsWith('[') ? (JSON.parse(note) as SignalNote) : undefined
}
