/** The same ways in for builds that carry no devtools: they render nothing and hold nothing. */
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
