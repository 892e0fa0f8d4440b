/**
 * `mountPanel(element, source)`: mounts the panel in a shadow root under an element of the app,
 * without a framework. All other entry points are thin wrappers over it.
 */
import type { InspectSource } from '@countersign/core/inspect'
import type { FaultControl } from '../faults/control.ts'
import { TraceSource } from '../model/trace-source.ts'
import type { Trace } from '../model/trace.ts'
import { h, setAttribute, svg } from './dom.ts'
import { Shell } from './shell.ts'
import { storePicker } from './store-picker.ts'
import { STYLE, adopt } from './style.ts'

/** Colours of the panel; `auto` follows the system. */
export type Theme = 'auto' | 'light' | 'dark'

/** A store that a panel can show. */
export interface LookedAt {
  readonly label: string
  readonly source: InspectSource
  readonly faults?: readonly FaultControl[]
}

/** The options of `mountPanel`; all have defaults. */
export interface PanelOptions {
  /** The initial theme; a button in the panel changes it. Default: `auto`, the system's. */
  readonly theme?: Theme
  /** Controls of `@countersign/devtools/faults`. */
  readonly faults?: readonly FaultControl[]
  /** The label of this store, where there are others. */
  readonly label?: string
  /** Other stores of the page: with them, the panel has a store picker. */
  readonly others?: readonly LookedAt[]
  /** Called by a close button, which the panel has only with this option. */
  readonly onClose?: () => void
  readonly now?: () => number
}

/** Mounts the panel under `element`, which keeps its other children. Returns a function that unmounts it. */
export function mountPanel(
  element: Element,
  source: InspectSource,
  options: PanelOptions = {},
): () => void {
  const host = h('div', { 'data-countersign-devtools': true, style: 'display:block;height:100%' })
  const root = host.attachShadow({ mode: 'open' })
  adopt(root, STYLE)
  const stores = storesOf(source, options)
  let [looked] = stores
  const tools = [themeButton(host, options.theme ?? 'auto')]
  if (options.onClose) tools.push(closeButton(options.onClose))
  if (stores.length > 1) {
    const labels = stores.map(({ label }) => label)
    const pick = (at: number): void => {
      looked = stores[at]!
      show(undefined)
    }
    tools.unshift(storePicker(labels, pick))
  }
  let shell: Shell | undefined
  const show = (trace: Trace | undefined): void => {
    const view = shell?.shown
    shell?.end()
    shell?.element.remove()
    shell = new Shell({
      source: trace ? new TraceSource(trace) : looked.source,
      faults: trace ? [] : (looked.faults ?? []),
      now: options.now ?? (() => Date.now()),
      tools,
      trace,
      view,
      onTrace: show,
    })
    root.append(shell.element)
  }
  show(undefined)
  element.append(host)
  return () => {
    shell?.end()
    host.remove()
  }
}

function storesOf(
  source: InspectSource,
  { label = 'This store', faults, others = [] }: PanelOptions,
): readonly [LookedAt, ...LookedAt[]] {
  return [{ label, source, ...(faults && { faults }) }, ...others]
}

const THEMES: readonly Theme[] = ['auto', 'light', 'dark']
const ICONS: Readonly<Record<Theme, string>> = {
  auto: 'M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11',
  light:
    'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13',
  dark: 'M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z',
}

function themeButton(host: HTMLElement, first: Theme): HTMLElement {
  let theme = first
  const path = svg('path')
  const button = h(
    'button',
    { type: 'button', class: 'icon' },
    svg('svg', { viewBox: '0 0 16 16' }, path),
  )
  const mark = (): void => {
    setAttribute(host, 'data-theme', theme === 'auto' ? undefined : theme)
    setAttribute(path, 'd', ICONS[theme])
    const label = `Colours: ${theme === 'auto' ? 'as the system' : theme}`
    setAttribute(button, 'aria-label', label)
    setAttribute(button, 'title', label)
  }
  button.addEventListener('click', () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!
    mark()
  })
  mark()
  return button
}

function closeButton(onClose: () => void): HTMLElement {
  const button = h(
    'button',
    { type: 'button', class: 'icon', 'aria-label': 'Close devtools', title: 'Close devtools' },
    svg('svg', { viewBox: '0 0 16 16' }, svg('path', { d: 'M4 4l8 8M12 4l-8 8' })),
  )
  button.addEventListener('click', () => onClose())
  return button
}
