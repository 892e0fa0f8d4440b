import type { Planted } from '../plant.ts'

export const lensThrows: Planted = {
  name: 'lens-throws',
  what: 'An error that the code of a step throws reaches the reader of the row.',
  edits: [
    {
      module: 'schema/lens/rules/code.ts',
      from: '} catch { return INVALID } }',
      to: '} catch (error) { throw error } }',
    },
  ],
  seed: 285,
}
