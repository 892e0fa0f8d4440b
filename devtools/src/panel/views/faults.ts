/** Faults: the switches of the app's wrapped ports, all reversible. */
import type { FaultControl, FaultSwitch } from '../../faults/control.ts'
import type { PanelContext, View } from '../context.ts'
import { freshId, h, mono } from '../dom.ts'
import { bar, button } from '../parts.ts'

export function faultsView(context: PanelContext): View {
  const { faults } = context
  if (faults.length === 0) return { element: nothing(), refresh: async () => {} }
  const body = h('div', { class: 'cards' })
  const draw = (): void => body.replaceChildren(...faults.map(controlOf))
  const ends = faults.map((control) => control.subscribe(() => drawUnlessTyping(body, draw)))
  draw()
  const reset = button('Reset all', () => {
    for (const control of faults) control.reset()
    draw()
    context.say('All faults are switched off')
  })
  return {
    element: h(
      'div',
      { class: 'view' },
      bar(reset),
      h(
        'div',
        { class: 'view--scroll', role: 'region', 'aria-label': 'Faults', tabindex: 0 },
        body,
      ),
    ),
    refresh: async () => {},
    end: () => ends.forEach((end) => end()),
  }
}

/** Skips a redraw while a control has the focus. */
function drawUnlessTyping(body: HTMLElement, draw: () => void): void {
  if (!body.matches(':focus-within')) draw()
}

function controlOf(control: FaultControl): HTMLElement {
  return h(
    'fieldset',
    { class: 'section' },
    h('legend', {}, `${control.kind === 'transport' ? 'Network' : 'Storage'}: ${control.label}`),
    ...control.switches().map((each) => switchOf(control, each)),
  )
}

function switchOf(control: FaultControl, each: FaultSwitch): HTMLElement {
  const id = freshId('fault')
  const input =
    each.kind === 'toggle'
      ? h('input', {
          type: 'checkbox',
          role: 'switch',
          id,
          checked: each.on,
          'aria-describedby': `${id}-says`,
          on: { change: () => control.set(each.id, input.checked ? 1 : 0) },
        })
      : h('input', {
          type: 'number',
          class: 'input input--short',
          id,
          min: 0,
          max: each.max,
          value: each.value,
          'aria-describedby': `${id}-says`,
          on: { change: () => control.set(each.id, amountOf(input.value, each.max)) },
        })
  return h(
    'div',
    { class: 'fault' },
    h('label', { for: id }, each.kind === 'amount' ? `${each.label} (${each.unit})` : each.label),
    h('p', { class: 'soft', id: `${id}-says` }, each.says),
    input,
  )
}

function amountOf(text: string, max: number): number {
  const value = Number(text)
  return Number.isFinite(value) ? Math.min(max, Math.max(0, value)) : 0
}

function nothing(): HTMLElement {
  return h(
    'div',
    { class: 'view view--scroll' },
    h(
      'div',
      { class: 'empty' },
      h('p', { class: 'empty__title' }, 'No faults are wired up'),
      h('p', {}, 'In development, wrap a port and hand its control to the panel:'),
      h(
        'pre',
        { class: 'sample', tabindex: 0 },
        mono("const wire = faultyTransport(socketIo(url), 'board')\n"),
        mono('createSyncStore({ …, transports: [wire] })\n'),
        mono('<CountersignDevtools store={store} faults={[wire.faults]} />'),
      ),
    ),
  )
}
