/**
 * Checks the origin of web pages that open a link. WebSockets have no CORS, so the server checks the
 * `Origin` header itself. Clients other than browsers send none, and are allowed.
 */
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

/** The origins whose pages may connect. */
export interface Cors {
  /** `*` for any page, or the origins allowed besides the server's own, e.g. `https://app.example`. */
  readonly origin: '*' | readonly string[]
}

/**
 * Allowed are: no origin, the server's own, those of `cors`, and without `cors` any page of this
 * machine, for development.
 *
 * The own origin equals `Host` and has a name that no third party can point to this address: an IP
 * address, `localhost`, or the name that the server listens on. Any other name may be an attacker's
 * that resolves to this address (DNS rebinding), so it must be listed in `cors`.
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

/** Whether a name is never resolved by DNS. */
function isFixed(name: string): boolean {
  return isIP(name.replace(/^\[|\]$/g, '')) !== 0 || isLoopbackName(name)
}

function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || isLoopbackAddress(name)
}

function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && /^(?:::ffff:)?127(?:\.\d{1,3}){3}$|^\[?::1\]?$/.test(address)
}
