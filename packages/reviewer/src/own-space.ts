/** The space in which a process keeps its key and the space that it has chosen. Clients cannot open it. */
import type { Uuid } from '@countersign/core/message'

/** The nil uuid. */
export const OWN_SPACE: Uuid = '00000000-0000-0000-0000-000000000000'
