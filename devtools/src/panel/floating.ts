/**
 * A floating button that opens the panel at the lower edge of the page. Closed, it reads nothing. The
 * position of the button and the height of the panel are custom properties:
 *
 *   --countersign-devtools-position, -right, -bottom, -shadow   set by the page, for the button
 *   --countersign-devtools-height                               set on the page while it is open
 */
import type { InspectSource } from '@countersign/core/inspect'
import { h, setAttribute, svg } from './dom.ts'
import { type PanelOptions, mountPanel } from './mount.ts'
import { FLOATING_STYLE, adopt } from './style.ts'

/** The options of `mountFloating`, besides those of the panel. */
export interface FloatingOptions extends Omit<PanelOptions, 'onClose'> {
  /** Initially open. */
  readonly open?: boolean
  /** Called when the user opens or closes the panel. */
  readonly onToggle?: (isOpen: boolean) => void
}

const HEIGHT = '--countersign-devtools-height'

/** Adds a button to `element` that opens the panel over the page. Returns a function that removes both. */
export function mountFloating(
  element: Element,
  source: InspectSource,
  options: FloatingOptions = {},
): () => void {
  const host = h('div', { 'data-countersign-devtools': true })
  const root = host.attachShadow({ mode: 'open' })
  adopt(root, FLOATING_STYLE)
  if (options.theme && options.theme !== 'auto') setAttribute(host, 'data-theme', options.theme)
  const opener = openerButton()
  let unmount: (() => void) | undefined
  const dock = h('div', {
    class: 'dock',
    hidden: true,
    on: {
      keydown: (event) => {
        if (event.key === 'Escape') close()
      },
    },
  })
  const endSizing = publishHeight(dock)
  const open = (): void => {
    if (unmount) return
    setAttribute(dock, 'hidden', false)
    setAttribute(opener, 'hidden', true)
    setAttribute(opener, 'aria-expanded', 'true')
    unmount = mountPanel(dock, source, { ...options, onClose: close })
  }
  const close = (): void => {
    unmount?.()
    unmount = undefined
    setAttribute(dock, 'hidden', true)
    setAttribute(opener, 'hidden', false)
    setAttribute(opener, 'aria-expanded', 'false')
    opener.focus()
    options.onToggle?.(false)
  }
  opener.addEventListener('click', () => {
    open()
    options.onToggle?.(true)
    const panel = dock.firstElementChild?.shadowRoot
    panel?.querySelector<HTMLElement>('[role=tab][aria-selected=true]')?.focus()
  })
  root.append(h('div', { role: 'region', 'aria-label': 'Countersign devtools' }, opener, dock))
  element.append(host)
  if (options.open) open()
  return () => {
    unmount?.()
    endSizing()
    host.remove()
  }
}

function openerButton(): HTMLElement {
  return h(
    'button',
    {
      type: 'button',
      class: 'opener',
      'aria-expanded': 'false',
      'aria-label': 'Countersign devtools',
      title: 'Open the Countersign devtools',
    },
    svg(
      'svg',
      { viewBox: '0 0 16 16' },
      svg('path', { d: 'M1.5 8.5l3 3 5.5-7M7.5 10.5l1 1 6-7.5' }),
    ),
    h('span', {}, 'Countersign'),
  )
}

/** Publishes the height of the dock as a custom property of the page. Returns a function that stops it. */
function publishHeight(dock: HTMLElement): () => void {
  const { style } = document.documentElement
  const tell = (): void => {
    if (dock.offsetHeight > 0) style.setProperty(HEIGHT, `${dock.offsetHeight}px`)
    else style.removeProperty(HEIGHT)
  }
  const sizes = typeof ResizeObserver === 'undefined' ? undefined : new ResizeObserver(tell)
  sizes?.observe(dock)
  return () => {
    sizes?.disconnect()
    style.removeProperty(HEIGHT)
  }
}
