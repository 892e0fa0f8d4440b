/** The page of the browser workloads: puts them where the runner can call them. */
import { scrollNothing, scrollPanel, writeBeside } from '../../devtools/page.ts'
import { fillCold, openCold } from './cold.tsx'
import { checkDurable, writeDurable, writeLone } from './durable.ts'
import { findLeft, writeAndLeave } from './leave.ts'
import { typeInto } from './input.tsx'
import { acceptText, offerText, openPage, openPeer, openReviewing } from './pages.tsx'
import { SIDES, changeAll, changeRows, mountRows, moveInList } from './rows.tsx'
import { tableAction } from './table.tsx'
import { openTab } from './tabs.tsx'

const workloads = {
  sides: SIDES,
  checkDurable,
  writeDurable,
  writeLone,
  findLeft,
  writeAndLeave,
  typeInto,
  openPage,
  openReviewing,
  openPeer,
  offerText,
  acceptText,
  changeAll,
  changeRows,
  mountRows,
  moveInList,
  fillCold,
  openCold,
  openTab,
  tableAction,
  scrollNothing,
  scrollPanel,
  writeBeside,
}

export type Workloads = typeof workloads

declare global {
  interface Window {
    bench: Workloads
  }
}

globalThis.window.bench = workloads
