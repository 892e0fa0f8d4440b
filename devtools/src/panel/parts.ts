/** Small elements shared by views: facts, pills, buttons, split panes, empty states. */
import { type Child, h, setAttribute } from './dom.ts'

/** A list of label and value pairs; pairs without a value are left out. */
export function facts(...pairs: readonly (readonly [label: string, value: Child])[]): HTMLElement {
  return h(
    'dl',
    { class: 'facts' },
    ...pairs
      .filter(([, value]) => value !== undefined && value !== false)
      .map(([label, value]) => h('div', {}, h('dt', {}, label), h('dd', {}, value))),
  )
}

/** A label in the colour of a state; readable without the colour. */
export function pill(state: string, text: string = state): HTMLElement {
  return h('span', { class: 'pill', 'data-state': state }, text)
}

export function button(
  text: string,
  onClick: () => void,
  more: { kind?: string } = {},
): HTMLElement {
  return h(
    'button',
    { type: 'button', class: `button ${more.kind ?? ''}`.trim(), on: { click: () => onClick() } },
    text,
  )
}

/** A button that must be confirmed, for irreversible commands. */
export function sureButton(text: string, sure: string, onClick: () => void): HTMLElement {
  let armed = false
  const element = h('button', { type: 'button', class: 'button' }, text)
  const disarm = (): void => {
    armed = false
    element.textContent = text
    setAttribute(element, 'data-armed', undefined)
  }
  element.addEventListener('click', () => {
    if (armed) {
      disarm()
      onClick()
      return
    }
    armed = true
    element.textContent = sure
    setAttribute(element, 'data-armed', true)
  })
  element.addEventListener('blur', disarm)
  return element
}

export function section(title: string, ...children: readonly Child[]): HTMLElement {
  return h('section', { class: 'section' }, h('h3', {}, title), ...children)
}

/** A section as wide as the view. */
export function wideSection(title: string, ...children: readonly Child[]): HTMLElement {
  const element = section(title, ...children)
  element.classList.add('section--wide')
  return element
}

export type TableRow = readonly [header: Child, ...cells: Child[]]

/** A table, scrolled where it is wider than its place. The first cell of a row is its header. */
export function tableOf(
  label: string,
  titles: readonly string[],
  rows: readonly TableRow[],
): HTMLElement {
  return h(
    'div',
    { class: 'scroll', role: 'region', 'aria-label': label, tabindex: 0 },
    h(
      'table',
      { class: 'table' },
      h('thead', {}, h('tr', {}, ...titles.map((title) => h('th', { scope: 'col' }, title)))),
      h(
        'tbody',
        {},
        ...rows.map(([name, ...cells]) =>
          h('tr', {}, h('th', { scope: 'row' }, name), ...cells.map((cell) => h('td', {}, cell))),
        ),
      ),
    ),
  )
}

export function emptyPlace(title: string, text: string): HTMLElement {
  return h('div', { class: 'empty' }, h('p', { class: 'empty__title' }, title), h('p', {}, text))
}

/** A list with the details of its selection beside it, or below it where it is narrow. */
export class Split {
  readonly element: HTMLElement
  readonly detail: HTMLElement

  constructor(list: HTMLElement, label: string) {
    this.detail = h('div', {
      class: 'split__detail',
      role: 'region',
      'aria-label': label,
      tabindex: 0,
    })
    this.element = h('div', { class: 'split' }, list, this.detail)
  }

  show(content: HTMLElement, isOpen: boolean): void {
    setAttribute(this.element, 'data-open', isOpen)
    this.detail.replaceChildren(content)
  }
}

export function bar(...children: readonly Child[]): HTMLElement {
  return h('div', { class: 'bar' }, ...children)
}

export interface Choice<K extends string> {
  readonly value: K
  readonly label: string
}

/** A choice of one, as a row of toggle buttons, each with its own tab stop. */
export class Choices<K extends string> {
  readonly element: HTMLElement
  readonly #buttons = new Map<K, HTMLElement>()
  #value: K

  constructor(label: string, choices: readonly Choice<K>[], onChange: (value: K) => void) {
    this.#value = choices[0]!.value
    this.element = h('div', { class: 'choices', role: 'group', 'aria-label': label })
    for (const { value, label: text } of choices) {
      const each = h('button', { type: 'button', class: 'choice' }, text)
      each.addEventListener('click', () => {
        this.#value = value
        this.#mark()
        onChange(value)
      })
      this.#buttons.set(value, each)
      this.element.append(each)
    }
    this.#mark()
  }

  get value(): K {
    return this.#value
  }

  label(value: K, text: string): void {
    const each = this.#buttons.get(value)
    if (each && each.textContent !== text) each.textContent = text
  }

  #mark(): void {
    for (const [value, each] of this.#buttons)
      setAttribute(each, 'aria-pressed', value === this.#value ? 'true' : 'false')
  }
}
