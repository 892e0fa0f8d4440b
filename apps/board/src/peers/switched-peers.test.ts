import type { LinkEvents, Peers, ServerLink } from '@countersign/core/ports'
import { describe, expect, test } from 'vitest'
import { SwitchedPeers } from './switched-peers.ts'

/** Peers whose far end is the test. */
function far() {
  const said: string[] = []
  let heard: (text: string, peer: string) => void = () => {}
  let accepted: Parameters<Peers['serve']>[0] | undefined
  let near: LinkEvents | undefined
  const transport = {
    connect: (events: LinkEvents) => {
      near = events
      return { send: (text: string) => void said.push(text), close: () => void said.push('closed') }
    },
  }
  const peers: Peers = {
    transport,
    reach: () => transport,
    serve: (accept) => {
      accepted = accept
      return () => {}
    },
    say: (text) => void said.push(text),
    listen: (listener) => {
      heard = listener
      return () => {}
    },
    close: () => void said.push('left'),
  }
  return {
    peers,
    said,
    tell: (text: string) => heard(text, 'b'),
    near: () => near,
    accepted: () => accepted!,
  }
}

function events() {
  const seen: string[] = []
  const on: LinkEvents = {
    open: () => void seen.push('open'),
    frame: (text) => void seen.push(text),
    closed: (reason) => void seen.push(`closed: ${reason}`),
  }
  return { seen, on }
}

describe('peers behind a switch', () => {
  test('are not joined before it is on, and neither say nor hear while it is off', async () => {
    const end = far()
    let joins = 0
    const peers = new SwitchedPeers(() => (joins++, end.peers))
    const heard: string[] = []
    peers.listen((text) => heard.push(text))
    peers.say('too early')
    const { seen, on } = events()
    peers.reach('b').connect(on)
    await Promise.resolve()
    expect([joins, end.said, seen]).toEqual([0, [], ['closed: switched off']])
    peers.set(true)
    await peers.joined
    peers.say('hello')
    end.tell('hello back')
    peers.set(false)
    peers.say('lost')
    end.tell('lost too')
    peers.set(true)
    peers.say('again')
    expect([joins, end.said, heard]).toEqual([1, ['hello', 'again'], ['hello back']])
  })

  test('links end when it is switched off: those that were opened, and those that were accepted', () => {
    const end = far()
    const peers = new SwitchedPeers(() => end.peers)
    peers.set(true)
    const { seen, on } = events()
    const link = peers.transport.connect(on)
    end.near()!.open()
    link.send('a')
    const server: string[] = []
    const accepted: ServerLink = { send: () => {}, close: (reason) => void server.push(reason) }
    peers.serve(() => ({ frame: (text) => server.push(text), closed: () => server.push('gone') }))
    const served = end.accepted()(accepted, { address: 'b' })
    served.frame('b')
    peers.set(false)
    served.frame('too late')
    end.near()!.frame('too late')
    link.send('too late')
    expect(seen).toEqual(['open', 'closed: switched off'])
    expect(end.said).toEqual(['a', 'closed'])
    expect(server).toEqual(['b', 'switched off', 'gone'])
  })
})
