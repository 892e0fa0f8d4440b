/**
 * Disables the machine's own time and randomness: in a simulated world a call of these makes
 * a run that cannot be repeated. Only for processes that do nothing but simulate.
 */
export function trapGlobals(): void {
  const refuse = (name: string) => (): never => {
    throw new Error(`${name} in a simulated world: take it from a port`)
  }
  const trapped = { setTimeout, setInterval, fetch }
  for (const name of Object.keys(trapped)) Reflect.set(globalThis, name, refuse(name))
  Math.random = refuse('Math.random')
  Date.now = refuse('Date.now')
  crypto.getRandomValues = refuse('crypto.getRandomValues')
  crypto.randomUUID = refuse('crypto.randomUUID')
}
