// The build of @countersign/reviewer: one entry for each export of package.json.

import { library } from '../../tsdown.base.ts'

export default library(['src/index.ts'], 'node')
