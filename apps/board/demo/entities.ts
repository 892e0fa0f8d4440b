/**
 * The types that the reviewer of the demo knows: it checks their values before it countersigns. Today's
 * declaration has version 1 in it, so last year's app is reviewed by the same.
 */
import { Issue } from '../src/model/issue.ts'

export default [Issue]
