/**
 * DOM helpers of the panel: create elements, update changed attributes, reconcile lists by key. No
 * templates and no HTML strings, so values are never parsed as markup.
 */

export type Child = Node | string | undefined | false

type Handlers = {
  readonly [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void
}

export interface Props {
  readonly class?: string
  readonly on?: Handlers
  /** An attribute; `true` sets it empty, `undefined` and `false` omit it. */
  readonly [attribute: string]: string | number | boolean | undefined | Handlers
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  const { on, ...attributes } = props
  setAttributes(element, attributes as Readonly<Record<string, string | undefined>>)
  for (const [name, handler] of Object.entries(on ?? {}))
    element.addEventListener(name, handler as EventListener)
  append(element, children)
  return element
}

const SVG = 'http://www.w3.org/2000/svg'

export function svg(
  tag: string,
  attributes: Readonly<Record<string, string | number | undefined>> = {},
  ...children: readonly Child[]
): SVGElement {
  const element = document.createElementNS(SVG, tag)
  setAttributes(element, attributes)
  append(element, children)
  return element
}

function append(element: Element, children: readonly Child[]): void {
  for (const child of children) if (child !== undefined && child !== false) element.append(child)
}

function setAttributes(
  element: Element,
  attributes: Readonly<Record<string, string | number | boolean | undefined>>,
): void {
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value)
}

export function setAttribute(
  element: Element,
  name: string,
  value: string | number | boolean | undefined,
): void {
  if (value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name)
    return
  }
  const text = value === true ? '' : String(value)
  if (element.getAttribute(name) !== text) element.setAttribute(name, text)
}

export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** Replaces all children when `children` differ from the current ones. */
export function fill(element: Element, ...children: readonly Child[]): void {
  const next = children.filter((child) => child !== undefined && child !== false)
  element.replaceChildren(...next)
}

export interface Keyed<T> {
  readonly key: (item: T) => string
  readonly make: (item: T) => HTMLElement
  readonly update?: (element: HTMLElement, item: T) => void
}

const KEYS = new WeakMap<Element, Map<string, HTMLElement>>()

/** Reconciles the children of `parent` with `items`: an item keeps its element while its key stays. */
export function keyed<T>(
  parent: Element,
  items: readonly T[],
  { key, make, update }: Keyed<T>,
): void {
  const before = KEYS.get(parent) ?? new Map<string, HTMLElement>()
  const after = new Map<string, HTMLElement>()
  let at: Element | null = parent.firstElementChild
  for (const item of items) {
    const name = key(item)
    const element = before.get(name) ?? make(item)
    update?.(element, item)
    after.set(name, element)
    if (element === at) at = at.nextElementSibling
    else parent.insertBefore(element, at)
  }
  for (const [name, element] of before) if (!after.has(name)) element.remove()
  KEYS.set(parent, after)
}

/** Monospaced text, with the full text as its tooltip. */
export function mono(text: string, full: string = text): HTMLElement {
  return h('code', { class: 'mono', title: full === text ? undefined : full }, text)
}

let ids = 0

/** A unique element id. */
export function freshId(prefix: string): string {
  return `${prefix}-${++ids}`
}
