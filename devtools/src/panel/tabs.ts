/** The tabs: one tab stop; arrow keys move the focus and select. */
import type { ViewName } from './context.ts'
import { freshId, h, setAttribute, setText } from './dom.ts'

export interface Tab {
  readonly name: ViewName
  readonly label: string
}

export class Tabs {
  readonly element: HTMLElement
  readonly panelId: string = freshId('view')
  readonly #tabs: readonly Tab[]
  readonly #buttons: readonly HTMLElement[]
  readonly #counts: readonly HTMLElement[]
  readonly #onChoose: (name: ViewName) => void

  constructor(tabs: readonly Tab[], onChoose: (name: ViewName) => void) {
    this.#tabs = tabs
    this.#onChoose = onChoose
    this.#counts = tabs.map(() => h('span', { class: 'tab__count', hidden: true }))
    this.#buttons = tabs.map(({ name, label }, at) =>
      h(
        'button',
        {
          type: 'button',
          class: 'tab',
          role: 'tab',
          id: freshId('tab'),
          'data-tab': name,
          'aria-controls': this.panelId,
          on: { click: () => onChoose(name) },
        },
        label,
        this.#counts[at],
      ),
    )
    this.element = h(
      'div',
      {
        class: 'tabs',
        role: 'tablist',
        'aria-label': 'Views',
        on: { keydown: (event) => this.#key(event) },
      },
      ...this.#buttons,
    )
  }

  /** Selects a tab. Returns its id, which labels the panel. */
  mark(chosen: ViewName): string {
    let id = ''
    for (const [at, { name }] of this.#tabs.entries()) {
      const button = this.#buttons[at]!
      const is = name === chosen
      setAttribute(button, 'aria-selected', is ? 'true' : 'false')
      setAttribute(button, 'tabindex', is ? 0 : -1)
      if (is) {
        id = button.id
        button.scrollIntoView?.({ block: 'nearest', inline: 'nearest' })
      }
    }
    return id
  }

  /** Shows a number beside a tab; 0 hides it. */
  count(name: ViewName, count: number): void {
    const badge = this.#counts[this.#tabs.findIndex((tab) => tab.name === name)]
    if (!badge) return
    setText(badge, count > 999 ? '999+' : String(count))
    setAttribute(badge, 'hidden', count === 0)
  }

  #key(event: KeyboardEvent): void {
    const now = this.#buttons.indexOf(event.target as HTMLElement)
    const last = this.#buttons.length - 1
    const next: Readonly<Record<string, number>> = {
      ArrowRight: now === last ? 0 : now + 1,
      ArrowLeft: now === 0 ? last : now - 1,
      Home: 0,
      End: last,
    }
    const at = now < 0 ? undefined : next[event.key]
    if (at === undefined) return
    event.preventDefault()
    this.#onChoose(this.#tabs[at]!.name)
    this.#buttons[at]!.focus()
  }
}
