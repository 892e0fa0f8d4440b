/**
 * The hostile client of `hostile.ts`, in a process of its own: says malformed frames over real sockets
 * as fast as they go, over a new link whenever one is closed. What it says is made beforehand.
 */
import { SeededRandom } from '@countersign/core/testing'
import { socketIo } from '@countersign/transport-socketio'
import { constants, setPriority } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { recorded } from './corpus.ts'
import { mutated, pick } from './mutate.ts'

/** Frames of one turn of the event loop. */
const BURST = 16

/** What it has done in one span. */
export interface Said {
  readonly links: number
  readonly bytes: number
  readonly ms: number
}

/** Says all frames. */
async function say(url: string, frames: readonly string[]): Promise<Said> {
  const startMs = performance.now()
  const left = [...frames]
  let links = 0
  while (left.length > 0) {
    const over = Promise.withResolvers<void>()
    let isOpen = false
    links++
    const link = socketIo(url).connect({
      open: () => {
        isOpen = true
        void talk()
      },
      frame: () => {},
      closed: () => {
        isOpen = false
        over.resolve()
      },
    })
    const talk = async (): Promise<void> => {
      while (isOpen && left.length > 0) {
        for (let turn = 0; turn < BURST && isOpen; turn++) {
          const frame = left.shift()
          if (frame !== undefined) link.send(frame)
        }
        await pause(1)
      }
      link.close()
      over.resolve()
    }
    await over.promise
    await pause(2)
  }
  const bytes = frames.reduce((sum, frame) => sum + Buffer.byteLength(frame), 0)
  return { links, bytes, ms: performance.now() - startMs }
}

// The time that it needs itself is not what it costs the others.
setPriority(constants.priority.PRIORITY_LOW)

const [url = '', count = ''] = process.argv.slice(2)
const random = new SeededRandom(1)
const { up } = await recorded()
const prepared = (): string[] =>
  Array.from({ length: Number(count) }, () => mutated(pick(up, random), up, random))
let next = prepared()
process.on('message', () => {
  void say(url, next).then((said) => {
    next = prepared()
    // When it has come, this process rests.
    process.send?.(said)
  })
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
