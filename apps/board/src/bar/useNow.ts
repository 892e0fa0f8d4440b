/** The current time, updated periodically while a component shows a duration. */
import { useEffect, useState } from 'react'

const tickMs = 1000

export function useNow(running: boolean): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (!running) return undefined
    const tick = (): void => setNow(Date.now())
    const timer = setInterval(tick, tickMs)
    // Also at once, because the last tick may be long ago.
    const first = setTimeout(tick, 0)
    return () => {
      clearInterval(timer)
      clearTimeout(first)
    }
  }, [running])
  return now
}
