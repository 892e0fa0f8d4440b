import type { Planted } from '../plant.ts'

export const keysOutdated: Planted = {
  name: 'keys-outdated',
  what: 'The keys of a stored page are not written again when an indexed value has changed.',
  edits: [
    {
      module: 'client/disk/page-keys.ts',
      from: 'const row = table.rowOf(id, state)',
      to: `const kept = ((globalThis as { kept?: Map<string, AnyRow> }).kept ??= new Map<string, AnyRow>())
        const row = kept.get(id) ?? table.rowOf(id, state)
        kept.set(id, row)`,
    },
  ],
  seed: 28,
}
