/**
 * Which web pages may open a link. WebSockets know no CORS, so the server has to look at the
 * `Origin` header itself; what is no browser sends none and is let in.
 */
import type { IncomingMessage } from 'node:http'

export interface Cors {
  /** `*` for any page, or the origins allowed besides the server's own, e.g. `https://app.example`. */
  readonly origin: '*' | readonly string[]
}

/**
 * Allowed are: no origin, the server's own, those of `cors`, and as long as there is no `cors`
 * any page of this very machine, which is what development needs.
 */
export function isOriginAllowed(request: IncomingMessage, cors: Cors | undefined): boolean {
  const { origin, host } = request.headers
  if (origin === undefined || cors?.origin === '*') return true
  const url = URL.parse(origin)
  if (url === null) return false
  if (url.host === host) return true
  if (cors !== undefined) return cors.origin.includes(origin)
  return isLoopbackName(url.hostname) && isLoopbackAddress(request.socket.remoteAddress)
}

function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || isLoopbackAddress(name)
}

function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && /^(?:::ffff:)?127(?:\.\d{1,3}){3}$|^\[?::1\]?$/.test(address)
}
