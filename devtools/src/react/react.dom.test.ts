import type { Inspectable } from '@countersign/core/inspect'
import { cleanup, render } from '@testing-library/react'
import { StrictMode, createElement, isValidElement } from 'react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { LiveSource, NOW, trace } from '../../test/fixture.ts'

afterEach(() => {
  cleanup()
  vi.unstubAllEnvs()
  vi.resetModules()
  vi.restoreAllMocks()
})

/** What stands for a store: something that registered itself, with the modules of this test. */
async function registered() {
  const { registerInspectable } = await import('@countersign/core/inspect')
  const source = new LiveSource(trace())
  const attached: unknown[] = []
  const inspectable: Inspectable = {
    commands: [],
    now: () => NOW,
    attach: (feed) => void attached.push(feed),
    answer: (request) => source.ask(request as never),
    run: () => source.run(),
  }
  const store = {}
  registerInspectable(store, inspectable)
  return { store, isOn: () => attached.at(-1) !== undefined }
}

const hosts = () => [...document.querySelectorAll('[data-countersign-devtools]')]

describe('the ways in, opted in', () => {
  it('mount the panel once, under StrictMode too, and turn the feed off when they go', async () => {
    const { CountersignDevtoolsPanel } = await import('../production.ts')
    const { store, isOn } = await registered()
    const panel = createElement(CountersignDevtoolsPanel, { store, theme: 'dark' })
    const { unmount, rerender } = render(createElement(StrictMode, null, panel))
    expect(hosts()).toHaveLength(1)
    expect(hosts()[0]!.getAttribute('data-theme')).toBe('dark')
    expect(isOn()).toBe(true)
    const [before] = hosts()
    rerender(createElement(StrictMode, null, panel))
    expect(hosts()[0]).toBe(before)
    unmount()
    expect(hosts()).toHaveLength(0)
    expect(isOn()).toBe(false)
  })

  it('float over the page, closed at first', async () => {
    const { CountersignDevtools } = await import('../production.ts')
    const { store, isOn } = await registered()
    render(createElement(CountersignDevtools, { store }))
    expect(isOn()).toBe(false)
    hosts()[0]!.shadowRoot!.querySelector<HTMLElement>('.opener')!.click()
    expect(isOn()).toBe(true)
  })

  it('look at other stores of the page as well, and stay open when one more comes', async () => {
    const { CountersignDevtools } = await import('../production.ts')
    const [one, two] = [await registered(), await registered()]
    const shown = (others: readonly { label: string; store: object }[]) =>
      createElement(CountersignDevtools, { store: one.store, label: 'One', others })
    const { rerender } = render(shown([]))
    const shadow = () => hosts()[0]!.shadowRoot!
    const panel = () => shadow().querySelector('.dock > div')!.shadowRoot!
    shadow().querySelector<HTMLElement>('.opener')!.click()
    expect(panel().querySelector('[aria-label=Store]')).toBeNull()
    rerender(shown([{ label: 'Two', store: two.store }]))
    const select = panel().querySelector<HTMLSelectElement>('[aria-label=Store]')!
    expect([...select.options].map(({ label }) => label)).toEqual(['One', 'Two'])
    expect([one.isOn(), two.isOn()]).toEqual([true, false])
    select.selectedIndex = 1
    select.dispatchEvent(new Event('change'))
    expect([one.isOn(), two.isOn()]).toEqual([false, true])
    const before = hosts()[0]
    rerender(shown([{ label: 'Two', store: two.store }]))
    expect(hosts()[0]).toBe(before)
    rerender(shown([]))
    expect([one.isOn(), two.isOn()]).toEqual([true, false])
  })

  it('are a plugin that mounts into an element, takes its theme, and can be destroyed', async () => {
    const { countersignPlugin } = await import('../production.ts')
    const { store, isOn } = await registered()
    const plugin = countersignPlugin({ store })
    expect(plugin).toMatchObject({ id: 'countersign', name: 'Countersign' })
    const element = document.createElement('div')
    document.body.append(element)
    plugin.render(element, { theme: 'light', devtoolsOpen: false })
    expect(element.children).toHaveLength(0)
    expect(isOn()).toBe(false)
    const isOpen = { theme: 'light', devtoolsOpen: true } as const
    // Theirs in React wants an element back.
    expect(isValidElement(plugin.render(element, isOpen))).toBe(true)
    const first = element.firstElementChild
    plugin.render(element, isOpen)
    expect(element.firstElementChild).toBe(first)
    plugin.render(element, { theme: 'dark' })
    expect(element.children).toHaveLength(1)
    expect(element.firstElementChild!.getAttribute('data-theme')).toBe('dark')
    plugin.render(element, { theme: 'dark', devtoolsOpen: false })
    expect([element.children.length, isOn()]).toEqual([0, false])
    plugin.render(element, { theme: 'dark', devtoolsOpen: true })
    plugin.destroy()
    expect(element.children).toHaveLength(0)
    expect(isOn()).toBe(false)
  })

  it('throw an error that names the missing store', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const { CountersignDevtoolsPanel } = await import('../production.ts')
    render(createElement(CountersignDevtoolsPanel, { store: {} }))
    expect(hosts()).toHaveLength(0)
    expect(warn).toHaveBeenCalledOnce()
  })
})

describe('the main door', () => {
  it.each(['production', 'test', ''])('is nothing where NODE_ENV is "%s"', async (mode) => {
    vi.stubEnv('NODE_ENV', mode)
    const door = await import('../index.ts')
    const { store, isOn } = await registered()
    const { container } = render(createElement(door.CountersignDevtools, { store, open: true }))
    render(createElement(door.CountersignDevtoolsPanel, { store }))
    const element = document.createElement('div')
    door.countersignPlugin({ store }).render(element)
    expect([container.innerHTML, element.innerHTML, hosts()]).toEqual(['', '', []])
    expect(isOn()).toBe(false)
  })

  it('is the devtools where NODE_ENV is "development"', async () => {
    vi.stubEnv('NODE_ENV', 'development')
    const door = await import('../index.ts')
    const { store, isOn } = await registered()
    render(createElement(door.CountersignDevtoolsPanel, { store }))
    expect(hosts()).toHaveLength(1)
    expect(isOn()).toBe(true)
  })
})
