/**
 * The types of the demo's reviewer, which validates their values. The current declaration includes
 * version 1, so the messages of last year's app are reviewed, too.
 */
import { Issue } from '../src/model/issue.ts'

export default [Issue]
