// Owns: how @countersign/transport-broadcast is built. One entry for each door of package.json.

import { library } from '../../tsdown.base.ts'

export default library(['src/index.ts'])
