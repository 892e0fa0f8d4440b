/**
 * A virtual list with rows of one height: only visible rows are drawn. One tab stop; arrows, Home,
 * End and the page keys move the selection, and call `onChoose`.
 */
import { type ListView, scrollTo, windowOf } from '../model/window.ts'
import { freshId, h, setAttribute, setText } from './dom.ts'

export const ROW_HEIGHT_PX = 28

export interface Column<T> {
  readonly title: string
  /** Class of its cells: `wide` ones are hidden in a narrow panel. */
  readonly class: string
  readonly text: (item: T) => string
  /** The tooltip, where the text is truncated. */
  readonly full?: (item: T) => string
}

export interface ListOptions<T> {
  readonly label: string
  readonly columns: readonly Column<T>[]
  readonly key: (item: T) => string
  /** Sets `data-state`, which colours the row. */
  readonly state?: (item: T) => string
  readonly empty: { readonly title: string; readonly text: string }
  readonly onChoose: (item: T | undefined) => void
}

interface Drawn<T> {
  readonly element: HTMLElement
  readonly cells: readonly HTMLElement[]
  /** Its item and index; -1: none yet. */
  item: T | undefined
  at: number
}

export class VirtualList<T> {
  readonly element: HTMLElement
  readonly #options: ListOptions<T>
  readonly #box: HTMLElement
  readonly #spacer: HTMLElement
  readonly #empty: HTMLElement
  readonly #head: HTMLElement
  /** Row `n` is drawn by element `n` modulo the pool size, so that scrolling creates no elements. */
  readonly #pool: Drawn<T>[] = []
  readonly #ids = freshId('list')
  readonly #resize: ResizeObserver | undefined
  #items: readonly T[] = []
  #chosen: string | undefined
  #due = false

  constructor(options: ListOptions<T>) {
    this.#options = options
    this.#spacer = h('div', { class: 'list__spacer', role: 'presentation' })
    this.#box = h(
      'div',
      {
        class: 'list__box',
        role: 'listbox',
        tabindex: 0,
        'aria-label': options.label,
        on: { scroll: () => this.#drawSoon(), keydown: (event) => this.#key(event) },
      },
      this.#spacer,
    )
    this.#head = h(
      'div',
      { class: 'list__head', 'aria-hidden': 'true' },
      ...options.columns.map((column) => h('span', { class: column.class }, column.title)),
    )
    this.#empty = h(
      'div',
      { class: 'empty' },
      h('p', { class: 'empty__title' }, options.empty.title),
      h('p', {}, options.empty.text),
    )
    this.element = h('div', { class: 'list' }, this.#head, this.#box, this.#empty)
    this.#spacer.addEventListener('click', (event) => this.#click(event))
    if (typeof ResizeObserver !== 'undefined') {
      this.#resize = new ResizeObserver(() => this.#drawSoon())
      this.#resize.observe(this.#box)
    }
    this.set([])
  }

  get chosen(): T | undefined {
    return this.#items.find((item) => this.#options.key(item) === this.#chosen)
  }

  /** Sets the items; keeps the selection if it is still among them. */
  set(items: readonly T[]): void {
    this.#items = items
    const none = items.length === 0
    setAttribute(this.#empty, 'hidden', !none)
    setAttribute(this.#box, 'hidden', none)
    setAttribute(this.#head, 'hidden', none)
    this.#spacer.style.height = `${items.length * ROW_HEIGHT_PX}px`
    this.#draw()
  }

  /** Draws the same items again, because their text has changed. */
  redraw(): void {
    this.#draw()
  }

  choose(key: string | undefined): void {
    if (this.#chosen === key) return
    this.#chosen = key
    this.#draw()
    this.#options.onChoose(this.chosen)
  }

  end(): void {
    this.#resize?.disconnect()
  }

  #view(): ListView {
    return {
      count: this.#items.length,
      rowHeightPx: ROW_HEIGHT_PX,
      scrollTopPx: this.#box.scrollTop,
      heightPx: this.#box.clientHeight,
    }
  }

  #drawSoon(): void {
    if (this.#due) return
    this.#due = true
    requestAnimationFrame(() => {
      this.#due = false
      this.#draw(true)
    })
  }

  /** `onlyNew`: only the scroll position has changed, so most rows are drawn already. */
  #draw(onlyNew = false): void {
    const { key } = this.#options
    const { from, to } = windowOf(this.#view())
    // The pool is at least as large as the view, so that no two visible rows share an element.
    while (this.#pool.length < to - from) this.#pool.push(this.#make())
    const size = this.#pool.length
    const used = new Set<Drawn<T>>()
    let active: string | undefined
    for (let at = from; at < to; at++) {
      const item = this.#items[at]!
      const drawn = this.#pool[at % size]!
      used.add(drawn)
      if (!onlyNew || drawn.at !== at || drawn.item !== item) this.#update(drawn, item, at)
      if (key(item) === this.#chosen) active = drawn.element.id
    }
    for (const drawn of this.#pool) {
      const isUsed = used.has(drawn)
      if (isUsed === (drawn.element.parentElement !== null)) continue
      if (isUsed) this.#spacer.append(drawn.element)
      else drawn.element.remove()
    }
    setAttribute(this.#box, 'aria-activedescendant', active)
  }

  #make(): Drawn<T> {
    const cells = this.#options.columns.map((column) => h('span', { class: column.class }))
    const id = freshId(this.#ids)
    const element = h('div', { class: 'list__row', role: 'option', id }, ...cells)
    return { element, cells, item: undefined, at: -1 }
  }

  #update(drawn: Drawn<T>, item: T, at: number): void {
    const { columns, state, key } = this.#options
    const { element, cells } = drawn
    const name = key(item)
    drawn.item = item
    if (drawn.at !== at) {
      drawn.at = at
      element.style.transform = `translateY(${at * ROW_HEIGHT_PX}px)`
      setAttribute(element, 'aria-posinset', at + 1)
    }
    setAttribute(element, 'data-key', name)
    setAttribute(element, 'aria-selected', name === this.#chosen ? 'true' : 'false')
    setAttribute(element, 'aria-setsize', this.#items.length)
    setAttribute(element, 'data-state', state?.(item))
    for (const [i, column] of columns.entries()) {
      setText(cells[i]!, column.text(item))
      if (column.full) setAttribute(cells[i]!, 'title', column.full(item))
    }
  }

  #click(event: Event): void {
    const row = (event.target as Element).closest<HTMLElement>('.list__row')
    if (row) this.choose(row.dataset['key'])
  }

  #key(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.#box.clientHeight / ROW_HEIGHT_PX) - 1)
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -Infinity,
      End: Infinity,
    }
    const step = steps[event.key]
    if (step === undefined || this.#items.length === 0) return
    event.preventDefault()
    const { key } = this.#options
    const now = this.#items.findIndex((item) => key(item) === this.#chosen)
    const last = this.#items.length - 1
    // Without a selection, down starts before the first and up after the last.
    const from = now >= 0 ? now : step > 0 ? -1 : last + 1
    const next = Math.min(last, Math.max(0, from + step))
    const scroll = scrollTo(next, this.#view())
    if (scroll !== undefined) this.#box.scrollTop = scroll
    this.choose(key(this.#items[next]!))
  }
}
