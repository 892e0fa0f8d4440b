/** A link inside one process: from a store to the provisional reviewer beside it. */
import type { Clock } from '../../ports/clock.ts'
import type { AcceptLink } from '../../ports/peers.ts'
import type { Transport } from '../../ports/transport.ts'

/** Frames arrive in their order, in a later turn. */
export function loopTo(accept: AcceptLink, clock: Clock): Transport {
  return {
    connect: (events) => {
      let isOpen = true
      const later = (task: () => void): void =>
        clock.soon(() => {
          if (isOpen) task()
        })
      const end = (reason: string): void => {
        later(() => {
          isOpen = false
          far.closed()
          events.closed(reason)
        })
      }
      const far = accept(
        { send: (text) => later(() => events.frame(text)), close: end },
        { address: 'here' },
      )
      later(() => events.open())
      return {
        send: (text) => later(() => far.frame(text)),
        close: () => {
          if (!isOpen) return
          isOpen = false
          clock.soon(() => far.closed())
        },
      }
    },
  }
}
