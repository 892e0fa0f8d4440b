/** The persons whom the demo's login knows. Others see throw-away names (`people.ts`), never these. */

export interface DemoPerson {
  readonly id: string
  readonly name: string
}

export const persons: readonly DemoPerson[] = [
  { id: 'ann', name: 'Ann' },
  { id: 'bob', name: 'Bob' },
  { id: 'cyd', name: 'Cyd' },
]

export function isPersonId(id: string): boolean {
  return persons.some((person) => person.id === id)
}

export function nameOf(id: string): string {
  return persons.find((person) => person.id === id)?.name ?? id
}
