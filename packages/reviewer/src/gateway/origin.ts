/**
 * Which web pages may open a link. WebSockets know no CORS, so the server has to look at the
 * `Origin` header itself; what is no browser sends none and is let in.
 */
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

/** Which pages of other origins a browser lets connect. */
export interface Cors {
  /** `*` for any page, or the origins allowed besides the server's own, e.g. `https://app.example`. */
  readonly origin: '*' | readonly string[]
}

/**
 * Allowed are: no origin, the server's own, those of `cors`, and as long as there is no `cors`
 * any page of this very machine, which is what development needs.
 *
 * Own is an origin that equals `Host` and whose name nobody else can give to this address: a number
 * of it, `localhost`, or the name that the server listens on. Any other name may be a page's own
 * that was made to lead here (DNS rebinding), and is one of those that `cors` has to name.
 */
export function isOriginAllowed(
  request: IncomingMessage,
  { cors, host: ownName }: { readonly cors?: Cors | undefined; readonly host?: string | undefined },
): boolean {
  const { origin, host } = request.headers
  if (origin === undefined || cors?.origin === '*') return true
  const url = URL.parse(origin)
  if (url === null) return false
  if (url.host === host && (isFixed(url.hostname) || url.hostname === ownName)) return true
  if (cors !== undefined) return cors.origin.includes(origin)
  return isLoopbackName(url.hostname) && isLoopbackAddress(request.socket.remoteAddress)
}

/** A name that no name server is asked for. */
function isFixed(name: string): boolean {
  return isIP(name.replace(/^\[|\]$/g, '')) !== 0 || isLoopbackName(name)
}

function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || isLoopbackAddress(name)
}

function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && /^(?:::ffff:)?127(?:\.\d{1,3}){3}$|^\[?::1\]?$/.test(address)
}
