import type { Planted } from '../plant.ts'

export const wholeRowWritten: Planted = {
  name: 'whole-row-written',
  what: 'An update writes every field that its version sees, as it sees it.',
  edits: [
    {
      module: 'client/writes.ts',
      from: 'const registers = encodePatch(entity, table.registers, patch)\n    assertSome(registers, entity, id)',
      to: `const { id: _, ...seen } = Object.fromEntries(Object.entries(table.row(id) ?? {}).filter(([, value]) => typeof value !== 'object' || Array.isArray(value)))
      const registers = encodePatch(entity, table.registers, { ...seen, ...patch })`,
    },
  ],
  seed: 4,
}
