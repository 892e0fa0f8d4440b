/** The panel as React components, and as a plugin: thin wrappers over `mountPanel`. */
import { type InspectSource, inspect } from '@countersign/core/inspect'
import { Fragment, type ReactNode, createElement, useEffect, useRef, useState } from 'react'
import { mountFloating } from '../panel/floating.ts'
import { type PanelOptions, mountPanel } from '../panel/mount.ts'
import type { DevtoolsPlugin, DevtoolsProps, FloatingDevtoolsProps } from './types.ts'

const NO_STORE =
  'Devtools need a store of createSyncStore, from the same copy of @countersign/core.'

/** A button over the page that opens the panel. */
export function CountersignDevtools(props: FloatingDevtoolsProps): ReactNode {
  const place = useRef<HTMLDivElement>(null)
  const isOpen = useRef(props.open ?? false)
  const kept = useKept(partsOf(props))
  useEffect(() => {
    const source = sourceOf(props.store)
    if (!place.current || !source) return undefined
    return mountFloating(place.current, source, {
      ...optionsOf(props),
      // A change of `others` mounts the panel again, and must not close it.
      open: isOpen.current,
      onToggle: (is) => void (isOpen.current = is),
    })
    // oxlint-disable-next-line react/exhaustive-deps -- compares the parts of the props, not their objects
  }, [kept])
  return createElement('div', { ref: place })
}

/** The embedded panel. It fills the height of its parent. */
export function CountersignDevtoolsPanel(props: DevtoolsProps): ReactNode {
  const place = useRef<HTMLDivElement>(null)
  const kept = useKept(partsOf(props))
  useEffect(() => {
    const source = sourceOf(props.store)
    if (!place.current || !source) return undefined
    return mountPanel(place.current, source, optionsOf(props))
    // oxlint-disable-next-line react/exhaustive-deps -- compares the parts of the props, not their objects
  }, [kept])
  return createElement('div', { ref: place, style: { height: '100%' } })
}

/** A plugin object for TanStack Devtools, which this package does not depend on. */
export function countersignPlugin(options: DevtoolsProps): DevtoolsPlugin {
  let unmount: (() => void) | undefined
  let place: readonly [element?: Element, theme?: string | undefined] = []
  const destroy = (): void => {
    unmount?.()
    unmount = undefined
  }
  return {
    id: 'countersign',
    name: 'Countersign',
    render(element, props) {
      const theme = options.theme ?? props?.theme
      const isThere = unmount && place[0] === element && place[1] === theme
      const isClosed = props?.devtoolsOpen === false
      // TanStack Devtools call `render` at every change, and also while they are hidden.
      if (isClosed || !isThere) destroy()
      const source = isClosed || isThere ? undefined : sourceOf(options.store)
      if (source) {
        place = [element, theme]
        unmount = mountPanel(element, source, { ...optionsOf(options), ...(theme && { theme }) })
      }
      return createElement(Fragment)
    },
    destroy,
  }
}

function optionsOf({ theme, faults, label, others = [] }: DevtoolsProps): PanelOptions {
  return {
    ...(theme && { theme }),
    ...(faults && { faults }),
    ...(label !== undefined && { label }),
    others: others.flatMap(({ store, ...other }) => {
      const source = sourceOf(store)
      return source ? [{ ...other, source }] : []
    }),
  }
}

function sourceOf(store: object): InspectSource | undefined {
  const source = inspect(store)
  if (!source) console.warn(NO_STORE)
  return source
}

/** The parts of the props to compare: the props objects are usually new in each render. */
function partsOf({ store, theme, faults = [], label, others = [] }: DevtoolsProps): unknown[] {
  return [
    store,
    theme,
    label,
    ...faults,
    ...others.flatMap((other) => [other.label, other.store, ...(other.faults ?? [])]),
  ]
}

/** A list of any length as one dependency: keeps its identity while its items are identical. */
function useKept(list: readonly unknown[]): readonly unknown[] {
  const [kept, keep] = useState(list)
  const same = kept.length === list.length && kept.every((each, at) => Object.is(each, list[at]))
  if (!same) keep(list)
  return same ? kept : list
}
