/**
 * A connection that tabs share under the transport contract: links of a tab without it go through the
 * tab that has it. And what the tabs do when that tab ends.
 */
import { serveReviewer } from '@countersign/reviewer'
import type { Link, Transport } from '@countersign/core/ports'
import { type SharedTransport, shareBetweenTabs } from '@countersign/transport-broadcast'
import { socketIo } from '@countersign/transport-socketio'
import { afterEach, expect, test, vi } from 'vitest'
import { type Loopback, closeAll, listening, relay } from './loopback.ts'
import { transportContract } from './transport.ts'
import type { Accept, TransportPair } from './transport.ts'

const SPACE = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10'
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

interface Served extends Pick<Loopback, 'sockets'> {
  readonly url: string
  close(): Promise<void>
}

async function served(accept: Accept): Promise<Served> {
  const loopback = await listening()
  const gateway = await serveReviewer({
    reviewer: relay(accept),
    httpServer: loopback.http,
    limits: { stopMs: 100 },
  })
  const close = async (): Promise<void> => {
    await gateway.close()
    await closeAll(loopback)
  }
  return { url: loopback.url(), sockets: loopback.sockets, close }
}

/** A tab that shares the connection to that url; the first one leads. */
function tab(name: string, url: string): SharedTransport {
  const shared = shareBetweenTabs(name, socketIo(url))
  ends.push(() => shared.close())
  return shared
}

const until = (holds: () => boolean): Promise<void> => vi.waitFor(() => expect(holds()).toBe(true))

interface Opened {
  readonly link: Link
  readonly events: string[]
}

function connect(transport: Transport): Opened {
  const events: string[] = []
  const link = transport.connect({
    open: () => events.push('open'),
    frame: (text) => events.push(text),
    closed: (reason) => events.push(`closed: ${reason}`),
  })
  ends.push(() => link.close())
  return { link, events }
}

async function leading(name: string, url: string): Promise<SharedTransport> {
  const first = tab(name, url)
  const { events, link } = connect(first)
  await until(() => first.leads && events.includes('open'))
  link.close()
  return first
}

transportContract(
  'a connection that another tab has',
  async (accept): Promise<TransportPair> => {
    const name = crypto.randomUUID()
    let isOn = false
    const nobody = { frame: () => {}, closed: () => {} }
    const server = await served((link) => (isOn ? accept(link) : nobody))
    await leading(name, server.url)
    isOn = true
    return {
      transport: tab(name, server.url),
      cut: () => {
        for (const socket of server.sockets) socket.destroy()
      },
      vanish: () => server.close(),
      end: () => server.close(),
    }
  },
  { lossless: true },
)

test('LNK7 signals of a tab without the connection go through the tab that has it', async () => {
  const name = crypto.randomUUID()
  const server = await served((link) => {
    link.bound?.(SPACE)
    return { frame: () => {}, closed: () => {} }
  })
  ends.push(() => server.close())
  const first = await leading(name, server.url)
  const tabs = [first, tab(name, server.url)] as const
  const heard = tabs.map(({ signalling }) => {
    const told: string[] = []
    signalling.listen({
      joined: (self) => told.push(`joined ${self}`),
      signal: (from, text) => told.push(`${from} says ${text}`),
    })
    return told
  })
  const links = tabs.map((each) => connect(each))
  await until(() => heard.every(({ length }) => length === 1))
  const [one, two] = heard.map((told) => told[0]!.slice('joined '.length))
  expect(one).not.toBe(two)
  tabs[1].signalling.send('to all')
  await until(() => heard[0]!.length === 2)
  tabs[0].signalling.send('to one', two)
  await until(() => heard[1]!.length === 2)
  expect(heard.map((told) => told[1])).toEqual([`${two} says to all`, `${one} says to one`])
  const late: string[] = []
  tabs[1].signalling.listen({ joined: (self) => late.push(self), signal: () => {} })
  expect(late).toEqual([two])
  links[1]!.link.close()
  tabs[1].signalling.send('lost')
  expect(server.sockets.size).toBe(1)
})

const echo: Accept = (link) => ({ frame: (text) => link.send(text), closed: () => {} })

test('tabs have one connection; when the tab with it ends, the next one leads, and the others go through it', async () => {
  const name = crypto.randomUUID()
  const server = await served(echo)
  ends.push(() => server.close())
  const first = await leading(name, server.url)
  const own = connect(first)
  const [second, third] = [tab(name, server.url), tab(name, server.url)]
  const others = [connect(second), connect(third)]
  await until(() => [own, ...others].every(({ events }) => events.includes('open')))
  for (const [i, { link }] of [own, ...others].entries()) link.send(`["frame",${i}]`)
  await until(() => [own, ...others].every(({ events }) => events.length === 2))
  expect([own, ...others].map(({ events }) => events[1])).toEqual([
    '["frame",0]',
    '["frame",1]',
    '["frame",2]',
  ])
  expect(server.sockets.size).toBe(1)
  expect([first, second, third].map(({ leads }) => leads)).toEqual([true, false, false])

  first.close()
  await until(() => others.every(({ events }) => events.at(-1)!.startsWith('closed')))
  await until(() => second.leads || third.leads)
  own.link.close()
  const again = [connect(second), connect(third)]
  await until(() => again.every(({ events }) => events.includes('open')))
  expect(server.sockets.size).toBe(1)
})

test('a tab that gets no answer opens a connection of its own', async () => {
  const name = crypto.randomUUID()
  const server = await served(echo)
  ends.push(() => server.close())
  // The lock is held and no tab answers, as when the system has suspended the tab that leads.
  const freed = Promise.withResolvers<void>()
  ends.push(() => freed.resolve())
  await new Promise<void>((held) => {
    void navigator.locks.request(`${name}/share/lead`, () => {
      held()
      return freed.promise
    })
  })
  const alone = tab(name, server.url)
  const { events } = connect(alone)
  await until(() => events.includes('open'))
  expect([alone.leads, server.sockets.size]).toEqual([false, 1])
})

test('a transport that was closed has no other tab to go through: a link has a connection of its own at once', async () => {
  const name = crypto.randomUUID()
  const server = await served(echo)
  ends.push(() => server.close())
  await leading(name, server.url)
  const second = shareBetweenTabs(name, socketIo(server.url), { connectTimeoutMs: 60_000 })
  const through = connect(second)
  await until(() => through.events.includes('open'))
  second.close()
  expect(through.events.at(-1)).toBe('closed: the transport was closed')
  const own = connect(second)
  await until(() => own.events.includes('open'))
})

test('links of one connection end alone: one that the reviewer closes leaves the others open', async () => {
  let open = 0
  const server = await served((link) => {
    open++
    const frame = (text: string): void =>
      text === '["end"]' ? link.close('enough') : link.send(text)
    return { frame, closed: () => open-- }
  })
  ends.push(() => server.close())
  const transport = socketIo(server.url)
  const [one, two] = [connect(transport), connect(transport.beside())]
  await until(() => [one, two].every(({ events }) => events.includes('open')))
  one.link.send('["end"]')
  await until(() => one.events.includes('closed: enough'))
  two.link.send('["still"]')
  await until(() => two.events.includes('["still"]'))
  // One that is closed while it opens ends at the reviewer, too.
  connect(transport.beside()).link.close()
  const [opening] = [connect(transport.beside())]
  await Promise.resolve()
  opening.link.close()
  await until(() => open === 1)
  expect(server.sockets.size).toBe(1)
  two.link.close()
  await until(() => server.sockets.size === 0)
})
