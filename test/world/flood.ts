/** The public names of flooders. */

/** The name of their device. */
export const FLOODER = 'Q'
/** Of one of their flushes. */
export const FLUSH_MESSAGES = 8
