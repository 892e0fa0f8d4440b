// Owns: how @countersign/core is built. One entry for each door of package.json.

import { library } from '../../tsdown.base.ts'

export default library([
  'src/index.ts',
  'src/ports/index.ts',
  'src/message.ts',
  'src/wire/index.ts',
  'src/node/index.ts',
  'src/inspect/index.ts',
  'src/testing/index.ts',
])
