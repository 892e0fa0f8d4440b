/**
 * The login at a seat of this browser, for all its tabs and the next visit; and the tokens of the
 * demo's login. Where storage is forbidden, no login is kept.
 */
import { isPersonId } from '../model/persons.ts'

const nameOf = (seat: string): string => `countersign-board.${seat}.person`

export function signedIn(seat: string): string | undefined {
  try {
    const id = localStorage.getItem(nameOf(seat)) ?? ''
    return isPersonId(id) ? id : undefined
  } catch {
    return undefined
  }
}

export function setSignedIn(seat: string, personId: string | undefined): void {
  try {
    if (personId === undefined) localStorage.removeItem(nameOf(seat))
    else localStorage.setItem(nameOf(seat), personId)
  } catch {
    // Ignored: the next visit begins without a login.
  }
}

/** A token from the demo's login, for one connection of a store. */
export async function tokenOf(personId: string): Promise<string> {
  const response = await fetch(`/login/${personId}`, { method: 'POST' })
  if (!response.ok) throw new Error(`the login answered ${response.status}`)
  return response.text()
}
