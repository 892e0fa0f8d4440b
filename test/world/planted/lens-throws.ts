import type { Planted } from '../plant.ts'

export const lensThrows: Planted = {
  name: 'lens-throws',
  what: 'What the code of a step throws comes out where the row is read.',
  edits: [
    {
      module: 'schema/lens/moves.ts',
      from: '} catch { return INVALID } } } function plain',
      to: '} catch (error) { throw error } } } function plain',
    },
  ],
  seed: 401,
}
