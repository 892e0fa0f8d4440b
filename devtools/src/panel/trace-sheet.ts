/** The dialog that saves a trace to a file, and opens such a file. */
import type { InspectSource } from '@countersign/core/inspect'
import { readTrace } from '../model/read-trace.ts'
import { type Trace, makeTrace } from '../model/trace.ts'
import { freshId, h, setText } from './dom.ts'
import { button } from './parts.ts'

export interface SheetHost {
  readonly source: InspectSource
  readonly now: () => number
  /** Called with a trace that was read. */
  open(this: void, trace: Trace): void
  close(this: void): void
  say(this: void, text: string): void
}

export function traceSheet(host: SheetHost): HTMLElement {
  const id = freshId('sheet')
  const redact = h('input', { type: 'checkbox', id: `${id}-redact`, on: { change: () => tell() } })
  const says = h('p', { class: 'soft', id: `${id}-says` })
  const tell = (): void =>
    setText(
      says,
      redact.checked
        ? 'The file holds ids, types, field names and sizes of values, but no values.'
        : 'The file holds the values of rows: share it only with people who may read them.',
    )
  tell()
  const file = h('input', {
    type: 'file',
    accept: 'application/json,.json',
    hidden: true,
    'aria-label': 'Trace file',
    on: {
      change: () => {
        const [chosen] = file.files ?? []
        if (chosen) void chosen.text().then((text) => read(text, host))
      },
    },
  })
  const save = button('Save trace', () => void download(host, redact.checked), { kind: 'primary' })
  const box = h(
    'div',
    {
      class: 'sheet__box',
      role: 'dialog',
      'aria-modal': 'true',
      'aria-labelledby': `${id}-title`,
      tabindex: -1,
    },
    h('h2', { id: `${id}-title` }, 'Trace'),
    h(
      'p',
      {},
      'Events, messages and reviews that this panel knows, as one JSON file. It never holds a key, a personal id or its salt.',
    ),
    h('div', { class: 'check' }, redact, h('label', { for: `${id}-redact` }, 'Leave values out')),
    says,
    h(
      'div',
      { class: 'actions' },
      // A source that is a file needs no saving.
      host.source.origin === 'store' && save,
      button('Open a trace', () => file.click()),
      button('Close', () => host.close()),
    ),
    file,
  )
  return h(
    'div',
    {
      class: 'sheet',
      on: {
        keydown: (event) => {
          if (event.key === 'Escape') {
            event.stopPropagation()
            host.close()
          } else if (event.key === 'Tab') keepInside(event, box)
        },
      },
    },
    box,
  )
}

function read(text: string, host: SheetHost): void {
  const outcome = readTrace(text)
  if (outcome.ok) host.open(outcome.trace)
  else host.say(outcome.message)
}

async function download({ source, now, say, close }: SheetHost, redact: boolean): Promise<void> {
  const trace = await makeTrace(source, { redact, now: now() })
  const url = URL.createObjectURL(new Blob([JSON.stringify(trace)], { type: 'application/json' }))
  const link = h('a', { href: url, download: `countersign-trace-${trace.madeAt}.json` })
  link.click()
  URL.revokeObjectURL(url)
  say(`Saved: ${trace.note}`)
  close()
}

/** Keeps the focus within the modal dialog. */
function keepInside(event: KeyboardEvent, box: HTMLElement): void {
  const stops = [...box.querySelectorAll<HTMLElement>('button, input:not([hidden])')]
  const root = box.getRootNode() as ShadowRoot
  const at = stops.indexOf(root.activeElement as HTMLElement)
  const next = event.shiftKey ? at - 1 : at + 1
  if (at >= 0 && next >= 0 && next < stops.length) return
  event.preventDefault()
  stops[event.shiftKey ? stops.length - 1 : 0]?.focus()
}
