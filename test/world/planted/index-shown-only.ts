import type { Planted } from '../plant.ts'

export const indexShownOnly: Planted = {
  name: 'index-shown-only',
  what: 'A row in conflict is found under the shown value only, and under no other candidate.',
  edits: [
    {
      module: 'client/reads/engines.ts',
      from: 'variants: standInsOf',
      to: '...(standInsOf.length > 5 && { variants: standInsOf })',
    },
  ],
  seed: 2,
}
