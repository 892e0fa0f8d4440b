/** The door `core/protocol`: the frames of the wire, and the texts they carry. */
export * from './frames.ts'
export { askHistoryFrame, historyFrame, readHistory } from './history.ts'
export type { HistoryEnd, HistoryPart, ReviewedMessage } from './history.ts'
export { packMessages, unpackMessages } from './pack.ts'
export { pageText, readPage } from './pages.ts'
export type { PageEntity, PageMessage, PageWrite } from './pages.ts'
export { ownRunText, readRun, runText } from './runs.ts'
export type { Run, RunBody, RunHead } from './runs.ts'
