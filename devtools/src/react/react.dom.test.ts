import type { Inspectable } from '@countersign/core/inspect'
import { cleanup, render } from '@testing-library/react'
import { StrictMode, createElement } from 'react'
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

  it('are a plugin that mounts into an element, takes its theme, and can be destroyed', async () => {
    const { countersignPlugin } = await import('../production.ts')
    const { store, isOn } = await registered()
    const plugin = countersignPlugin({ store })
    expect(plugin).toMatchObject({ id: 'countersign', name: 'Countersign' })
    const element = document.createElement('div')
    document.body.append(element)
    plugin.render(element, { theme: 'light' })
    plugin.render(element, { theme: 'dark' })
    expect(element.children).toHaveLength(1)
    expect(element.firstElementChild!.getAttribute('data-theme')).toBe('dark')
    plugin.destroy()
    expect(element.children).toHaveLength(0)
    expect(isOn()).toBe(false)
  })

  it('say what is missing when they are given no store', async () => {
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
