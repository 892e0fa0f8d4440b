/** The types that the reviewer of the demo knows: it checks their values before it countersigns. */
import { Issue } from '../src/model/issue.ts'

export default [Issue]
