/**
 * A follower that only takes frames from its socket and looks for a text in them: the time at which
 * a change is at the socket, before anything is parsed, verified or shown.
 */
import { EventEmitter } from 'node:events'
import {
  WIRE_VERSION,
  bindBytes,
  grantBytes,
  personalCommit,
  toBase64url,
  uuid4,
  whoamiId,
} from '@countersign/core/message'
import { authorFrame, parseReviewerFrame } from '@countersign/core/protocol'
import { nodeRandom, nodeSigner } from '@countersign/reviewer'
import { socketIo } from '@countersign/transport-socketio'
import { io } from 'socket.io-client'
import type { Kind, ServerAddress } from './replica.ts'

const signer = nodeSigner()
const random = nodeRandom()

export interface RawFollower {
  close(): void
}

/** Resolves when the follower receives what changes; `onText` is called for every frame. */
export function followRaw(
  kind: Kind,
  address: ServerAddress,
  onText: (text: string) => void,
): Promise<RawFollower> {
  return kind === 'ours' ? followOurs(address, onText) : followFloor(address, onText)
}

function followFloor({ url }: ServerAddress, onText: (text: string) => void): Promise<RawFollower> {
  return new Promise((resolve) => {
    // Passes texts on, and parses only the answer to the connection.
    class Decoder extends EventEmitter {
      add(text: string): void {
        if (text.startsWith('0')) {
          this.emit('decoded', { type: 0, nsp: '/', data: JSON.parse(text.slice(1)) })
        } else {
          onText(text)
          if (text.includes('"snapshot"')) resolve({ close: () => socket.disconnect() })
        }
      }
      destroy(): void {}
    }
    class Encoder {
      encode({ type, data }: { type: number; data?: unknown }): string[] {
        return [`${type}${data === undefined ? '' : JSON.stringify(data)}`]
      }
    }
    const socket = io(url, {
      transports: ['websocket'],
      forceNew: true,
      parser: { Encoder, Decoder },
    })
    socket.on('connect', () => socket.emit('hello', 0))
  })
}

/** Greets, proves a session of its own, and asks for everything, as a replica does. */
async function followOurs(
  { url, space }: ServerAddress,
  onText: (text: string) => void,
): Promise<RawFollower> {
  const keys = await signer.generate()
  const { publicKey } = keys
  const authorId = whoamiId(publicKey)
  const sessionId = uuid4(random.bytes(16))
  const [personalId, salt] = [sessionId, toBase64url(random.bytes(16))]
  const commit = personalCommit(space, personalId, salt)
  const sig = await signer.sign(keys, grantBytes(space, authorId, { sessionId, commit }))
  const nonce = toBase64url(random.bytes(16))
  return new Promise((resolve, reject) => {
    const bind = async (challenge: string): Promise<void> => {
      const proof = await signer.sign(keys, bindBytes(space, sessionId, challenge))
      const named = { authorId, publicKey, sessionId, personalId, salt, sig, proof }
      link.send(authorFrame('bind', { sessions: [named], auth: null, keeps: false }))
    }
    let isFollowing = false
    const link = socketIo(url).connect({
      open: () =>
        link.send(authorFrame('hello', { v: WIRE_VERSION, space, nonce, position: null })),
      frame: (text) => {
        onText(text)
        if (isFollowing) return
        const parsed = parseReviewerFrame(text)
        if (!parsed.ok) reject(new Error(parsed.error.message))
        else if (parsed.value.kind === 'welcome') void bind(parsed.value.nonce)
        else if (parsed.value.kind === 'bound') {
          link.send(authorFrame('want', { have: null, pages: null }))
        } else if (parsed.value.kind === 'through') {
          isFollowing = true
          resolve({ close: () => link.close() })
        }
      },
      closed: (why) => reject(new Error(`a raw follower was closed: ${why}`)),
    })
  })
}
