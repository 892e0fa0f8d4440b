import { afterEach, describe, expect, it, vi } from 'vitest'
import { ANN, LiveSource, NOW, ROW, STORY, eventsOf, message, trace } from '../../test/fixture.ts'
import { mountFloating } from './floating.ts'
import { type PanelOptions, mountPanel } from './mount.ts'

let end: (() => void) | undefined

afterEach(() => {
  end?.()
  end = undefined
  document.body.replaceChildren()
})

function panel(source = new LiveSource(trace()), options: PanelOptions = {}) {
  const place = document.createElement('main')
  document.body.append(place)
  end = mountPanel(place, source, { now: () => NOW, ...options })
  const root = place.firstElementChild!.shadowRoot!
  const all = (selector: string) => [...root.querySelectorAll<HTMLElement>(selector)]
  const text = (selector: string) => all(selector).map(({ textContent }) => textContent)
  const tab = (name: string) => root.querySelector<HTMLElement>(`[data-tab=${name}]`)!
  const press = (name: string) =>
    all('button')
      .find(({ textContent }) => textContent === name)!
      .click()
  return { place, root, source, all, text, tab, press }
}

/** Lets the panel read and draw. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 30))

const key = (element: HTMLElement, name: string) =>
  element.dispatchEvent(
    new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true }),
  )

describe('the panel', () => {
  it('lives in a shadow root, and leaves nothing behind when it goes', async () => {
    const { place, root, source } = panel()
    await settle()
    expect(place.children).toHaveLength(1)
    expect(root.textContent).toContain('Countersign')
    expect(document.head.querySelectorAll('style')).toHaveLength(0)
    expect(source.listeners).toBe(1)
    end!()
    expect(place.children).toHaveLength(0)
    expect(source.listeners).toBe(0)
  })

  it('keeps the other children of its element', () => {
    document.body.innerHTML = '<main><p>mine</p></main>'
    const place = document.querySelector('main')!
    end = mountPanel(place, new LiveSource(trace()))
    end()
    expect(place.innerHTML).toBe('<p>mine</p>')
  })

  it('goes through its tabs by arrows, with one tab stop', async () => {
    const { all, tab, root } = panel()
    tab('outbox').focus()
    key(tab('outbox'), 'ArrowLeft')
    expect(tab('faults').getAttribute('aria-selected')).toBe('true')
    key(tab('faults'), 'Home')
    key(tab('outbox'), 'ArrowRight')
    await settle()
    expect(root.activeElement).toBe(tab('timeline'))
    expect(all('[role=tab][tabindex="0"]')).toEqual([tab('timeline')])
    const view = root.querySelector('[role=tabpanel]')!
    expect(view.getAttribute('aria-labelledby')).toBe(tab('timeline').id)
    expect(tab('timeline').getAttribute('aria-controls')).toBe(view.id)
  })

  it('changes its colours by a button, and begins with the option', () => {
    const { place, all } = panel(undefined, { theme: 'dark' })
    const host = place.firstElementChild as HTMLElement
    expect(host.dataset['theme']).toBe('dark')
    const button = all('.icon').find((each) => each.title.startsWith('Colours'))!
    button.click()
    expect(host.dataset['theme']).toBeUndefined()
    expect(button.title).toBe('Colours: as the system')
  })

  it('shows data of a source as text, never as markup', async () => {
    const evil = '<img src=x onerror=alert(1)>'
    const source = new LiveSource(trace([message(1, { values: { [evil]: evil } })]))
    const { all, root } = panel(source)
    await settle()
    all('[role=option]')[0]!.click()
    await settle()
    expect(root.textContent).toContain(evil)
    expect(all('img')).toEqual([])
  })

  it('shows an error when the source cannot be read, and continues', async () => {
    const source = new LiveSource(trace())
    const ask = vi.spyOn(source, 'ask').mockRejectedValue(new Error('gone'))
    const { text } = panel(source)
    await settle()
    expect(text('.foot')).toEqual(['The panel could not read the store: Error: gone'])
    ask.mockRestore()
    source.tell(eventsOf(STORY))
    await vi.waitFor(() => expect(text('.top__link')).toEqual(['online']))
  })
})

describe('6: Outbox', () => {
  it('lists what is open, and shows a message with its values', async () => {
    const { all, text, root } = panel()
    await settle()
    expect(all('[role=option]')).toHaveLength(1)
    expect(text('.choice')).toEqual(['Open 1', 'Refused 1', 'Accepted 2', 'All 4'])
    expect(text('.tab__count:not([hidden])')).toEqual(['1'])
    all('[role=option]')[0]!.click()
    await settle()
    expect(root.querySelector('.split__detail')!.textContent).toMatch(/queued.*its turn.*points5/s)
  })

  it('retries and discards what was refused; a discard is asked for twice', async () => {
    const { all, press, source, text } = panel()
    await settle()
    press('Refused 1')
    await settle()
    all('[role=option]')[0]!.click()
    await settle()
    press('Write again')
    press('Discard')
    expect(source.done).toEqual([{ kind: 'retry', message: STORY[4]!.name }])
    press('Discard for good?')
    await settle()
    expect(source.done.at(-1)).toEqual({ kind: 'discard', message: STORY[4]!.name })
    expect(text('.foot')).toEqual(['Discarded'])
    source.outcome = { ok: false, message: 'not now' }
    press('Write again')
    await settle()
    expect(text('.foot')).toEqual(['not now'])
  })

  it('offers nothing that the source cannot do', async () => {
    const source = new LiveSource(trace())
    Object.defineProperty(source, 'commands', { value: [] })
    const { all, text } = panel(source)
    await settle()
    all('[role=option]')[0]!.click()
    await settle()
    expect(text('.actions button')).toEqual(['Copy'])
  })

  it('draws no more rows of ten thousand than are in view, and moves by keys', async () => {
    const many = Array.from({ length: 10_000 }, (_, n) => message(n + 1, { values: { n } }))
    const { all, root } = panel(new LiveSource(trace(many)))
    await settle()
    await settle()
    expect(all('[role=option]').length).toBeLessThan(60)
    const box = root.querySelector<HTMLElement>('[role=listbox]')!
    key(box, 'End')
    const chosen = all('[role=option][aria-selected=true]')
    expect(chosen.map((each) => each.getAttribute('aria-posinset'))).toEqual(['10000'])
    expect(box.getAttribute('aria-activedescendant')).toBe(chosen[0]!.id)
    key(box, 'Home')
    key(box, 'ArrowDown')
    expect(all('[aria-selected=true][role=option]')[0]!.getAttribute('aria-posinset')).toBe('2')
  })
})

describe('Timeline', () => {
  it('shows events as they happen, stays unchanged while paused, and shows a row as it was then', async () => {
    const { all, tab, source, press, text, root } = panel()
    tab('timeline').click()
    await settle()
    expect(root.textContent).toContain('Nothing has happened yet')
    source.tell(eventsOf(STORY.slice(0, 1)))
    await vi.waitFor(() => expect(all('[role=option]')).toHaveLength(4))
    press('Pause')
    const later = eventsOf(STORY).slice(4)
    source.tell(later)
    await vi.waitFor(
      () => expect(text('.bar button')).toEqual([`Resume (${later.length} new)`]),
      5_000,
    )
    expect(all('[role=option]')).toHaveLength(4)
    all('[role=option]')[0]!.click()
    await settle()
    const detail = root.querySelector('.split__detail')!.textContent
    expect(detail).toContain('issue as it was then')
    expect(detail).toContain('"A secret title"')
    press(text('.bar button')[0]!)
    expect(all('[role=option]').length).toBeGreaterThan(4)
    const search = root.querySelector<HTMLInputElement>('input[type=search]')!
    search.value = 'unauthorised'
    search.dispatchEvent(new Event('input'))
    expect(text('.count')).toEqual(['1 event'])
  })
})

describe('8 and 9: Entity and Row', () => {
  it('shows a row register by register, its history as a graph, and goes back in time', async () => {
    const { all, tab, text, press, root, source } = panel()
    tab('entity').click()
    await settle()
    expect(text('[role=option] .state')).toEqual(['1 conflict'])
    all('[role=option]')[0]!.click()
    await settle()
    expect(text('tbody th')).toEqual(['done', 'points', 'title'])
    press('History')
    await settle()
    expect(all('.dag__line')).toHaveLength(4)
    expect(all('svg .dag__dot')).toHaveLength(4)
    expect(all('svg .dag__ring')).toHaveLength(1)
    expect(text('.pill').filter((each) => each?.startsWith('live'))).toHaveLength(3)
    expect(root.querySelector('.split__detail')!.textContent).toContain('Conflict in title')
    const asked = vi.spyOn(source, 'ask')
    all('.dag__line')[3]!.click()
    expect(text('.detail h2')).toEqual(['The row as it was then'])
    expect(root.querySelector('.split__detail')!.textContent).toContain('"A secret title"')
    expect(text('.count')).toEqual(['1 of 4'])
    expect(asked).not.toHaveBeenCalled() // looking back asks the store for nothing
    const time = root.querySelector<HTMLInputElement>('input[type=range]')!
    time.value = '4'
    time.dispatchEvent(new Event('input'))
    expect(text('.detail h2')).toEqual(['The row now'])
    key(root.querySelector<HTMLElement>('.dag')!, 'ArrowDown')
    expect(text('.count')).toEqual(['3 of 4'])
  })

  it.each([
    ['one after the other', (n: number) => [n - 1]],
    ['all beside each other', () => [1]],
  ])('draws of a long history what is in view, wherever that is: %s', async (_, parentsOf) => {
    const all = Array.from({ length: 600 }, (_unused, at) => {
      const n = at + 1
      const names = n === 1 ? [] : parentsOf(n).map((each) => message(each, { values: {} }).name)
      return message(n, { seq: n, parents: names, values: { title: `t${n}` } })
    })
    const { all: found, tab, text, press, root } = panel(new LiveSource(trace(all)))
    tab('entity').click()
    await settle()
    found('[role=option]')[0]!.click()
    await settle()
    press('History')
    await settle()
    const box = root.querySelector<HTMLElement>('.dag')!
    const drawn = () =>
      found('.dag__line').map((line) => Number(line.getAttribute('aria-posinset')))
    const isSmall = () => {
      expect(drawn().length).toBeLessThan(30)
      expect(found('.dag__graph > *').length).toBeLessThan(120)
      expect(Number(root.querySelector('.dag__graph')!.getAttribute('height'))).toBeLessThan(2_000)
    }
    expect(drawn()[0]).toBe(1)
    isSmall()
    box.scrollTop = 300 * 40
    box.dispatchEvent(new Event('scroll'))
    await vi.waitFor(() => expect(drawn()).toContain(305))
    isSmall()
    expect(found('.candidates li').length).toBeLessThanOrEqual(32)
    key(box, 'End')
    expect(text('.count')).toEqual(['1 of 600'])
    await vi.waitFor(() => expect(drawn().at(-1)).toBe(600))
    isSmall()
  })

  it('resolves a conflict for the candidate that is taken', async () => {
    const { tab, all, source, press, text } = panel()
    tab('entity').click()
    await settle()
    all('[role=option]')[0]!.click()
    tab('row').click()
    await settle()
    expect(text('.candidates .mono')).toEqual(['"B"', '"C"'])
    press('Take this')
    await settle()
    const take = STORY[1]!.name
    expect(source.done).toEqual([{ kind: 'resolve', type: 'issue', id: ROW, reg: 'title', take }])
  })
})

describe('Sync, Queries, Storage, Faults', () => {
  it('show the position of the replica, and what is missing', async () => {
    const { tab, root } = panel()
    tab('sync').click()
    await settle()
    expect(root.textContent).toMatch(/Seq3.*Epoch1/s)
    expect(root.textContent).toContain(ANN.slice(-4))
    expect(root.textContent).toContain('All rows of the space up to seq 3.')
    tab('queries').click()
    await settle()
    expect(root.textContent).toContain('No open queries')
    tab('storage').click()
    await settle()
    expect(root.textContent).toContain('Nothing is stored')
    expect(root.textContent).toContain('until the browser lacks space')
    expect(root.textContent).toContain('5.0 MiB of 1024.0 MiB')
    tab('faults').click()
    await settle()
    expect(root.textContent).toContain('No faults are wired up')
  })

  it('show the epochs of a lineage that was lost once, and which rows are followed', async () => {
    const source = new LiveSource(trace())
    source.answers = {
      lineage: [
        {
          eid: 'e-1',
          epoch: 1,
          why: 'genesis',
          at: NOW,
          seq: 0,
          continues: null,
          isFollowed: true,
        },
        {
          ...{ eid: 'e-3', epoch: 3, why: 'restore', at: NOW, seq: 901, isFollowed: true },
          continues: { epoch: 1, seq: 900 },
        },
        {
          ...{ eid: 'e-2', epoch: 2, why: 'restore', at: NOW, seq: 1_200, isFollowed: false },
          continues: { epoch: 1, seq: 1_199 },
        },
      ],
      coverage: {
        scopes: [
          { type: 'issue', where: { board: 'b' }, holders: 2, isCovered: true },
          { type: '$schema', where: {}, holders: 1, isCovered: false },
        ],
        pagesAsked: 1,
      },
    }
    const { tab, all } = panel(source)
    const rowsOf = (name: string) =>
      all(`[aria-label=${name}] tbody tr`).map((row) =>
        [...row.children].map(({ textContent }) => textContent),
      )
    tab('sync').click()
    await settle()
    expect(rowsOf('Epochs').map(([epoch, , why, , ...rest]) => [epoch, why, ...rest])).toEqual([
      ['1', 'genesis', '0', '–', 'followed'],
      ['3', 'restore', '901', 'epoch 1, seq 900', 'followed'],
      ['2', 'restore', '1,200', 'epoch 1, seq 1,199', 'parted'],
    ])
    expect(rowsOf('Coverage')).toEqual([
      ['issue', '{"board":"b"}', '2', 'here'],
      ['$schema', 'all rows', '1', 'requested'],
    ])
    expect(all('.section--wide').at(-1)!.textContent).toContain('1 page asked for')
  })

  it('switches the faults it is given, and resets them', async () => {
    const { faultyTransport } = await import('../faults.ts')
    const { faults } = faultyTransport({ connect: () => ({ send() {}, close() {} }) }, 'board')
    const { tab, all, press, text } = panel(undefined, { faults: [faults] })
    tab('faults').click()
    expect(text('legend')).toEqual(['Network: board'])
    const [offline] = all('input[role=switch]') as HTMLInputElement[]
    offline!.click()
    expect(faults.switches()[0]).toMatchObject({ id: 'offline', on: true })
    const [delay] = all('input[type=number]') as HTMLInputElement[]
    delay!.value = '99999999'
    delay!.dispatchEvent(new Event('change'))
    expect(faults.switches()[2]).toMatchObject({ id: 'delay', value: 60_000 })
    press('Reset all')
    expect(
      faults.switches().every((each) => (each.kind === 'toggle' ? !each.on : each.value === 0)),
    ).toBe(true)
  })
})

describe('traces', () => {
  const open = async (file: File) => {
    const seen = panel()
    seen.all('[aria-label="Save or open a trace"]')[0]!.click()
    const input = seen.root.querySelector<HTMLInputElement>('input[type=file]')!
    Object.defineProperty(input, 'files', { value: [file] })
    input.dispatchEvent(new Event('change'))
    await settle()
    return seen
  }

  it('opens a file in the place of the store, does nothing to it, and goes back', async () => {
    const text = JSON.stringify({ ...trace(), note: 'From far away.' })
    const { root, source, press, all } = await open(new File([text], 'trace.json'))
    expect(root.querySelector('.banner')!.textContent).toContain('From far away.')
    expect(source.listeners).toBe(0)
    all('[role=option]')[0]!.click()
    await settle()
    expect(all('.actions button').map(({ textContent }) => textContent)).toEqual(['Copy'])
    press('Back to the store')
    expect(root.querySelector('.banner')).toBeNull()
    expect(source.listeners).toBe(1)
  })

  it('shows the fault of a file, and closes on Escape', async () => {
    const { text, root, all } = await open(new File(['{}'], 'x.json'))
    expect(text('.foot')[0]).toContain('not a trace of Countersign')
    key(all('.sheet')[0]!, 'Escape')
    expect(root.querySelector('.sheet')).toBeNull()
  })
})

describe('the floating button', () => {
  it('reads nothing while it is closed, and closes on Escape', async () => {
    const source = new LiveSource(trace())
    const ask = vi.spyOn(source, 'ask')
    end = mountFloating(document.body, source)
    const root = document.body.lastElementChild!.shadowRoot!
    const opener = root.querySelector<HTMLElement>('.opener')!
    await settle()
    expect(ask).not.toHaveBeenCalled()
    expect(source.listeners).toBe(0)
    opener.click()
    await settle()
    expect(source.listeners).toBe(1)
    expect(opener.getAttribute('aria-expanded')).toBe('true')
    key(root.querySelector<HTMLElement>('.dock')!, 'Escape')
    expect(source.listeners).toBe(0)
    expect(opener.hidden).toBe(false)
    expect(root.activeElement).toBe(opener)
  })
})
