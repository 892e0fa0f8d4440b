/** No-op versions of the components and the plugin, for builds without devtools. */
import { Fragment, createElement } from 'react'
import type { DevtoolsPlugin } from './types.ts'

export function NoDevtools(): null {
  return null
}

const plugin: DevtoolsPlugin = {
  id: 'countersign',
  name: 'Countersign',
  render: () => createElement(Fragment),
  destroy: () => {},
}

export function noPlugin(): DevtoolsPlugin {
  return plugin
}
