import { describe, expect, it } from 'vitest'
import { type Turns, nextTurn } from './next-turn.ts'

const timers: Turns = {
  setTimeout: (task, delayMs) => setTimeout(task, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
}

/** As a browser has it: what is posted arrives in a later turn. */
class PlainChannel {
  readonly port1: { onmessage: (() => void) | null } = { onmessage: null }
  readonly port2 = { postMessage: () => void setTimeout(() => this.port1.onmessage?.(), 0) }
}

const platforms: readonly (readonly [string, Turns])[] = [
  ['setImmediate', { ...timers, setImmediate, clearImmediate } as unknown as Turns],
  ['a message channel', { ...timers, MessageChannel: PlainChannel }],
  ['timers alone', timers],
]

describe.each(platforms)('the next turn by %s', (_, platform) => {
  it('comes later, in order, and not for what was called off', async () => {
    const said: string[] = []
    const next = nextTurn(platform)
    next(() => said.push('first'))
    const cancel = next(() => said.push('called off'))
    next(() => said.push('second'))
    cancel()
    await Promise.resolve()
    expect(said).toEqual([])
    await new Promise<void>((done) => void next(done))
    expect(said).toEqual(['first', 'second'])
  })

  it('is a turn of its own for a task that a task asks for', async () => {
    const said: string[] = []
    const next = nextTurn(platform)
    await new Promise<void>((done) => {
      next(() => {
        next(() => {
          said.push('inner')
          done()
        })
        said.push('outer')
      })
    })
    expect(said).toEqual(['outer', 'inner'])
  })
})
