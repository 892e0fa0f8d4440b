/**
 * One panel of one source: head, tabs, the current view, and its refresh loop: at most ten times a
 * second, and less often when reading takes long.
 */
import type { EntityName, InspectSource } from '@countersign/core/inspect'
import type { FaultControl } from '../faults/control.ts'
import { Attempts } from '../model/outbox.ts'
import { Timeline } from '../model/timeline.ts'
import type { Trace } from '../model/trace.ts'
import { dateText } from '../model/words.ts'
import type { PanelContext, View, ViewMaker, ViewName } from './context.ts'
import { h, setAttribute, setText, svg } from './dom.ts'
import { Tabs } from './tabs.ts'
import { traceSheet } from './trace-sheet.ts'
import { entityView } from './views/entity.ts'
import { faultsView } from './views/faults.ts'
import { outboxView } from './views/outbox.ts'
import { queriesView } from './views/queries.ts'
import { rowView } from './views/row.ts'
import { storageView } from './views/storage.ts'
import { syncView } from './views/sync.ts'
import { timelineView } from './views/timeline.ts'

const REFRESH_MS = 100
const REFRESH_MS_MAX = 5_000
/** Idle time after a refresh, in multiples of its duration. */
const IDLE_SHARE = 9
/** Interval for updates of ages. */
const TICK_MS = 1_000

const VIEWS: readonly (readonly [ViewName, string, ViewMaker])[] = [
  ['outbox', 'Outbox', outboxView],
  ['timeline', 'Timeline', timelineView],
  ['entity', 'Entity', entityView],
  ['row', 'Row', rowView],
  ['sync', 'Sync', syncView],
  ['queries', 'Queries', queriesView],
  ['storage', 'Storage', storageView],
  ['faults', 'Faults', faultsView],
]

export interface ShellOptions {
  readonly source: InspectSource
  readonly faults: readonly FaultControl[]
  readonly now: () => number
  /** Elements at the right end of the head. */
  readonly tools: readonly HTMLElement[]
  readonly trace: Trace | undefined
  /** The first view; default: the outbox. */
  readonly view: ViewName | undefined
  readonly onTrace: (trace: Trace | undefined) => void
}

export class Shell implements PanelContext {
  readonly element: HTMLElement
  readonly source: InspectSource
  readonly timeline: Timeline = new Timeline()
  readonly attempts: Attempts = new Attempts()
  readonly faults: readonly FaultControl[]
  readonly now: () => number
  readonly #tabs: Tabs
  readonly #body: HTMLElement
  readonly #foot: HTMLElement
  readonly #dot: HTMLElement
  readonly #link: HTMLElement
  readonly #views = new Map<ViewName, View>()
  readonly #ends: (() => void)[] = []
  #shown: ViewName = 'outbox'
  #selected: EntityName | undefined
  #seen = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #refreshing = false
  #again = false
  /** The duration of the last refresh. */
  #costMs = 0

  constructor(options: ShellOptions) {
    this.source = options.source
    this.faults = options.faults
    this.now = options.trace ? () => options.trace!.madeAt : options.now
    this.#tabs = new Tabs(
      VIEWS.map(([name, label]) => ({ name, label })),
      (name) => this.open(name),
    )
    this.#dot = h('span', { class: 'top__dot' })
    this.#link = h('span')
    this.#body = h('div', { class: 'body', role: 'tabpanel', id: this.#tabs.panelId })
    this.#foot = h('div', { class: 'foot', role: 'status', 'aria-live': 'polite' })
    this.element = h(
      'div',
      { class: 'panel' },
      this.#head(options),
      options.trace && traceBanner(options.trace, () => options.onTrace(undefined)),
      this.#tabs.element,
      this.#body,
      this.#foot,
    )
    this.#ends.push(this.source.subscribe(() => this.#refreshSoon()))
    const tick = setInterval(() => this.#views.get(this.#shown)?.tick?.(), TICK_MS)
    this.#ends.push(() => clearInterval(tick))
    this.open(options.view ?? 'outbox')
  }

  get shown(): ViewName {
    return this.#shown
  }

  get selected(): EntityName | undefined {
    return this.#selected
  }

  open(name: ViewName, entity?: EntityName): void {
    if (entity) this.#selected = entity
    this.#shown = name
    let view = this.#views.get(name)
    if (!view) {
      view = VIEWS.find(([each]) => each === name)![2](this)
      this.#views.set(name, view)
    }
    if (this.#body.firstElementChild !== view.element) this.#body.replaceChildren(view.element)
    setAttribute(this.#body, 'aria-labelledby', this.#tabs.mark(name))
    void this.#refreshNow()
  }

  select(entity: EntityName | undefined): void {
    this.#selected = entity
  }

  say(text: string): void {
    setText(this.#foot, text)
  }

  refresh(): void {
    void this.#refreshNow()
  }

  /** Schedules a refresh, later when refreshes are slow, so that the panel does not slow the page down. */
  #refreshSoon(): void {
    if (this.#timer !== undefined) return
    const delayMs = Math.min(REFRESH_MS_MAX, Math.max(REFRESH_MS, this.#costMs * IDLE_SHARE))
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#refreshNow()
    }, delayMs)
  }

  end(): void {
    clearTimeout(this.#timer)
    for (const end of this.#ends) end()
    for (const view of this.#views.values()) view.end?.()
  }

  async #refreshNow(): Promise<void> {
    if (this.#refreshing) {
      this.#again = true
      return
    }
    this.#refreshing = true
    const from = performance.now()
    try {
      this.#take()
      const sync = await this.source.ask({ kind: 'sync' })
      const state = sync.halted === undefined ? sync.connection : 'halted'
      setAttribute(this.#dot, 'data-state', state)
      setText(this.#link, sync.connectionNote ? `${state}: ${sync.connectionNote}` : state)
      this.#tabs.count('outbox', sync.outboxMessages)
      await this.#views.get(this.#shown)?.refresh()
    } catch (error) {
      this.say(`The panel could not read the store: ${String(error)}`)
    } finally {
      this.#refreshing = false
      this.#costMs = performance.now() - from
    }
    if (!this.#again) return
    this.#again = false
    void this.#refreshNow()
  }

  #take(): void {
    const events = this.source.events(this.#seen)
    this.#seen = events.at(-1)?.seq ?? this.#seen
    this.timeline.take(events)
    this.attempts.take(events)
  }

  #head({ tools, onTrace, now }: ShellOptions): HTMLElement {
    const opener = h(
      'button',
      {
        type: 'button',
        class: 'icon',
        'aria-label': 'Save or open a trace',
        title: 'Save or open a trace',
      },
      svg(
        'svg',
        { viewBox: '0 0 16 16' },
        svg('path', { d: 'M8 2v8m-3-3 3 3 3-3M3 11v2.5h10V11' }),
      ),
    )
    opener.addEventListener('click', () => {
      const close = (): void => {
        sheet.remove()
        opener.focus()
      }
      const sheet = traceSheet({
        source: this.source,
        now,
        open: onTrace,
        close,
        say: (text) => this.say(text),
      })
      this.element.append(sheet)
      sheet.querySelector('button')?.focus()
    })
    return h(
      'div',
      { class: 'top' },
      h('h2', { class: 'top__name' }, 'Countersign'),
      h('span', { class: 'top__link' }, this.#dot, this.#link),
      opener,
      ...tools,
    )
  }
}

function traceBanner(trace: Trace, onBack: () => void): HTMLElement {
  const made = dateText(trace.madeAt)
  const back = h('button', { type: 'button', class: 'button' }, 'Back to the store')
  back.addEventListener('click', () => onBack())
  return h('div', { class: 'banner' }, h('span', {}, `A trace of ${made}. ${trace.note}`), back)
}
