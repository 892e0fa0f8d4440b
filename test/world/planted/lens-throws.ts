import type { Planted } from '../plant.ts'

export const lensThrows: Planted = {
  name: 'lens-throws',
  what: 'What the code of a step throws comes out where the row is read.',
  edits: [
    {
      module: 'schema/lens/rules/code.ts',
      from: '} catch { return INVALID } }',
      to: '} catch (error) { throw error } }',
    },
  ],
  seed: 285,
}
