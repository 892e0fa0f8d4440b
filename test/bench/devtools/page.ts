/**
 * The devtools workloads inside of a page: a panel that is scrolled through many messages, and
 * writes beside a panel that is there, was there, or never was.
 */
import { type SyncStore, createSyncStore } from '@countersign/core'
import { inspect, mountPanel } from '@countersign/devtools/panel'
import { SPACE, Task, freshName, macrotask, openOurs, settle } from '../browser/page/sides.ts'
import { type TaskRow, inputOf, taskRows } from '../data.ts'
import { median, must } from '../figure.ts'

/** `never`: no panel was ever attached; `off`: one was, and is closed. */
export type PanelState = 'never' | 'off' | 'on'

export const STATES: readonly PanelState[] = ['never', 'off', 'on']
const WRITES_A_TASK = 250
/** What a wheel turns in a frame: the list is new on screen after six of them. */
const SCROLLED_PX = 90
const ROW_PX = 28

/** Frames a second while the outbox of so many messages is scrolled, up and down. */
export async function scrollPanel(messages: number, seconds: number): Promise<number> {
  const store = createSyncStore({ space: SPACE, entities: [Task] })
  await store.ready
  writeAll(store, taskRows(messages, 31))
  await store.flushed()
  const panel = openPanel(store)
  const box = await listed(panel.root, messages)
  const rate = await framesWhile(box, seconds)
  await frame()
  mustShowWhere(box)
  panel.close()
  await store.close()
  return rate
}

/** The same of a box of that height with nothing in it: what this machine can do just now. */
export async function scrollNothing(messages: number, seconds: number): Promise<number> {
  const box = document.createElement('div')
  box.style.cssText = 'position: fixed; inset: auto 0 0; height: 500px; overflow: auto'
  const tall = document.createElement('div')
  tall.style.height = `${messages * ROW_PX}px`
  box.append(tall)
  document.body.append(box)
  const rate = await framesWhile(box, seconds)
  box.remove()
  return rate
}

/**
 * Time of one `create`, in ms, in three stores that are written in turn, so that whatever else
 * the machine and the page do (the panel reads, too) is shared by all three.
 */
export async function writeBeside(writes: number): Promise<Record<PanelState, number>> {
  const sides = await Promise.all(STATES.map(openSide))
  const rows = taskRows(writes, 32)
  await settle()
  for (let from = 0, turn = 0; from < rows.length; from += WRITES_A_TASK, turn++) {
    const part = rows.slice(from, from + WRITES_A_TASK)
    for (let at = 0; at < sides.length; at++) {
      const { store, tasks } = sides[(at + turn) % sides.length]!
      tasks.push(writeAll(store, part))
      await macrotask()
    }
  }
  const found: Partial<Record<PanelState, number>> = {}
  for (const { state, store, tasks, close } of sides) {
    must(store.query(Task).rows.length === writes, 'not all rows are there')
    const seen = inspect(store)!.events().length
    must(state === 'on' ? seen > 0 : seen === 0, `${seen} events with the panel ${state}`)
    close?.()
    await store.flushed()
    await store.close()
    found[state] = median(tasks)
  }
  return found as Record<PanelState, number>
}

interface Side {
  readonly state: PanelState
  readonly store: SyncStore
  /** Time of a write, task by task. */
  readonly tasks: number[]
  readonly close: (() => void) | undefined
}

async function openSide(state: PanelState): Promise<Side> {
  const store = await openOurs(freshName())
  const panel = state === 'never' ? undefined : openPanel(store)
  if (state === 'off') panel?.close()
  return { state, store, tasks: [], close: state === 'on' ? panel?.close : undefined }
}

/** One message each; returns the time of one, in ms. */
function writeAll(store: SyncStore, rows: readonly TaskRow[]): number {
  const start = performance.now()
  for (const row of rows) store.create(Task, inputOf(row), { id: row.id })
  return (performance.now() - start) / rows.length
}

/** Frames a second while a box is scrolled down, and up again from its end. */
async function framesWhile(box: HTMLElement, seconds: number): Promise<number> {
  const start = await frame()
  const end = start + seconds * 1_000
  let frames = 0
  let now = start
  for (let step = SCROLLED_PX; now < end; frames++) {
    const before = box.scrollTop
    box.scrollTop += step
    if (box.scrollTop === before) step = -step
    now = await frame()
  }
  return (frames / (now - start)) * 1_000
}

function openPanel(store: SyncStore): { readonly root: ShadowRoot; readonly close: () => void } {
  const place = document.createElement('div')
  place.style.cssText = 'position: fixed; inset: auto 0 0; height: 500px'
  document.body.append(place)
  const end = mountPanel(place, inspect(store)!)
  const close = (): void => {
    end()
    place.remove()
  }
  return { root: place.firstElementChild!.shadowRoot!, close }
}

/** The list, as soon as all messages are in it. */
async function listed(root: ShadowRoot, messages: number): Promise<HTMLElement> {
  const end = performance.now() + 30_000
  while (performance.now() < end) {
    await frame()
    const row = root.querySelector('.list__row')
    if (Number(row?.getAttribute('aria-setsize')) === messages)
      return root.querySelector<HTMLElement>('.list__box')!
  }
  throw new Error(`wrong result: the panel does not list ${messages} messages`)
}

/** What is in view is drawn, in its place, and is the message of that place. */
function mustShowWhere(box: HTMLElement): void {
  const { top, bottom } = box.getBoundingClientRect()
  const inView = [...box.querySelectorAll<HTMLElement>('.list__row')].filter((row) => {
    const place = row.getBoundingClientRect()
    return place.bottom > top && place.top < bottom
  })
  must(inView.length >= Math.floor(box.clientHeight / ROW_PX), 'rows in view are not drawn')
  for (const row of inView) {
    const place = Number(row.getAttribute('aria-posinset'))
    must(row.dataset['key']?.endsWith(`:${place}`), `another message in place ${place}`)
  }
}

function frame(): Promise<number> {
  return new Promise((resolve) => requestAnimationFrame(resolve))
}
