/** The public names of flooders. */

/** The name of their device. */
export const FLOODER = 'Q'
/** The number of messages in one of their flushes. */
export const FLUSH_MESSAGES = 8
