/**
 * The names in a chain of versions: names of fields, and keys of registers.
 *
 * The key of a register is the first name of its field, for ever. A field that is added gets its
 * own name as key; if another register of the chain (since renamed or removed) has that key, `@`
 * and the version that adds the field are appended, repeatedly if needed: `points@3`. So a key
 * depends only on the steps up to its own version, and all builds agree on it.
 */
import { isForbiddenKey } from '../../base/json.ts'

/** Stable key of a register: the first name of its field. */
export type Reg = string

export const NAME_LENGTH_MAX = 256

/** Registers of the library (`$archived`): in every version, and never changed by a lens. */
export function isReserved(reg: Reg): boolean {
  return reg.startsWith('$')
}

/** Why a field cannot have this name, or undefined. */
export function nameFault(name: unknown): string | undefined {
  if (typeof name !== 'string') return 'a field name is a string'
  if (name === 'id' || name.startsWith('$')) return `the name ${name} is taken`
  if (isForbiddenKey(name) || name.includes('\u0000')) return 'this name is forbidden'
  if (name.length === 0 || name.length > NAME_LENGTH_MAX || !name.isWellFormed()) {
    return `a name has 1 to ${NAME_LENGTH_MAX} characters`
  }
  return undefined
}

/** The key of a field that `version` adds. */
export function newKey(field: string, version: number, used: { has(reg: Reg): boolean }): Reg {
  let reg = field
  while (used.has(reg)) reg += `@${version}`
  return reg
}
