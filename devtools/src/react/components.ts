/** The panel as React components, and as a plugin: each a place in the page and `mountPanel`. */
import { inspect } from '@countersign/core/inspect'
import { type ReactNode, createElement, useEffect, useRef } from 'react'
import { mountFloating } from '../panel/floating.ts'
import { mountPanel } from '../panel/mount.ts'
import type { DevtoolsPlugin, DevtoolsProps, FloatingDevtoolsProps } from './types.ts'

const NO_STORE = 'Devtools need a store of createSyncStore, of the same build of @countersign/core.'

/** A button over the page that opens the panel. */
export function CountersignDevtools({
  store,
  theme,
  faults,
  open,
}: FloatingDevtoolsProps): ReactNode {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const source = inspect(store)
    if (!place.current || !source) return warn(source)
    return mountFloating(place.current, source, {
      ...(theme && { theme }),
      ...(faults && { faults }),
      ...(open && { open }),
    })
    // `faults` is mostly written inline: a new list of the same controls is no reason to begin anew.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [store, theme, open, ...(faults ?? [])])
  return createElement('div', { ref: place })
}

/** The panel where the app puts it; it takes the height that is there. */
export function CountersignDevtoolsPanel({ store, theme, faults }: DevtoolsProps): ReactNode {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const source = inspect(store)
    if (!place.current || !source) return warn(source)
    return mountPanel(place.current, source, { ...(theme && { theme }), ...(faults && { faults }) })
    // oxlint-disable-next-line react/exhaustive-deps
  }, [store, theme, ...(faults ?? [])])
  return createElement('div', { ref: place, style: { height: '100%' } })
}

/** A plugin object for TanStack Devtools, which this package does not depend on. */
export function countersignPlugin({ store, theme, faults }: DevtoolsProps): DevtoolsPlugin {
  let unmount: (() => void) | undefined
  const destroy = (): void => {
    unmount?.()
    unmount = undefined
  }
  return {
    id: 'countersign',
    name: 'Countersign',
    render(element, props) {
      const source = inspect(store)
      destroy()
      if (!source) return warn(source)
      const shown = theme ?? props?.theme
      unmount = mountPanel(element, source, {
        ...(shown && { theme: shown }),
        ...(faults && { faults }),
      })
    },
    destroy,
  }
}

function warn(source: unknown): undefined {
  if (!source) console.warn(NO_STORE)
  return undefined
}
