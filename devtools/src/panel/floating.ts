/** A button over the page that opens the panel at its lower edge. Closed, it reads nothing. */
import type { InspectSource } from '@countersign/core/inspect'
import { h, setAttribute } from './dom.ts'
import { type PanelOptions, mountPanel } from './mount.ts'
import { FLOATING_STYLE, adopt } from './style.ts'

export interface FloatingOptions extends Omit<PanelOptions, 'onClose'> {
  /** Open from the start. */
  readonly open?: boolean
}

export function mountFloating(
  element: Element,
  source: InspectSource,
  options: FloatingOptions = {},
): () => void {
  const host = h('div', { 'data-countersign-devtools': true })
  const root = host.attachShadow({ mode: 'open' })
  adopt(root, FLOATING_STYLE)
  if (options.theme && options.theme !== 'auto') setAttribute(host, 'data-theme', options.theme)
  const opener = h(
    'button',
    {
      type: 'button',
      class: 'opener',
      'aria-expanded': 'false',
      title: 'Open the Countersign devtools',
    },
    'Countersign',
  )
  let unmount: (() => void) | undefined
  const dock = h('div', {
    class: 'dock',
    role: 'region',
    'aria-label': 'Countersign devtools',
    hidden: true,
    on: {
      keydown: (event) => {
        if (event.key === 'Escape') close()
      },
    },
  })
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
  }
  opener.addEventListener('click', () => {
    open()
    const panel = dock.firstElementChild?.shadowRoot
    panel?.querySelector<HTMLElement>('[role=tab][aria-selected=true]')?.focus()
  })
  root.append(opener, dock)
  element.append(host)
  if (options.open) open()
  return () => {
    unmount?.()
    host.remove()
  }
}
