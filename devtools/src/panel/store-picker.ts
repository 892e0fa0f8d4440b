/** A picker for the store to show, where the page has several. */
import { h } from './dom.ts'

export function storePicker(
  labels: readonly string[],
  onPick: (at: number) => void,
): HTMLSelectElement {
  const select = h(
    'select',
    { class: 'input', 'aria-label': 'Store', on: { change: () => onPick(select.selectedIndex) } },
    ...labels.map((label) => h('option', {}, label)),
  )
  return select
}
