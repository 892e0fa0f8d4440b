/** The time, again and again while somebody shows how long something has lasted. */
import { useEffect, useState } from 'react'

const tickMs = 1000

export function useNow(running: boolean): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (!running) return undefined
    const tick = (): void => setNow(Date.now())
    const timer = setInterval(tick, tickMs)
    // At once as well: the last tick may lie long ago.
    const first = setTimeout(tick, 0)
    return () => {
      clearInterval(timer)
      clearTimeout(first)
    }
  }, [running])
  return now
}
