// The build of @countersign/reviewer: one entry for each export of package.json, and its program.

import { library } from '../../tsdown.base.ts'

export default library(['src/index.ts', 'src/cli.ts'], 'node')
