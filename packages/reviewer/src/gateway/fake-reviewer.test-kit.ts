/**
 * A fake reviewer for the gateway's tests: records the calls of its links, and is scripted by the
 * test. Not exported from the package.
 */
import type { ServerLink } from '@countersign/core/ports'
import type { GatewayReviewer, LinkHandler, Peer } from './types.ts'

export class FakeLink implements LinkHandler {
  readonly link: ServerLink
  readonly peer: Peer
  readonly frames: string[] = []
  closings = 0
  readonly #onFrame: (text: string) => void

  constructor(link: ServerLink, peer: Peer, onFrame: (text: string) => void) {
    this.link = link
    this.peer = peer
    this.#onFrame = onFrame
  }

  frame(text: string): void {
    this.frames.push(text)
    this.#onFrame(text)
  }

  closed(): void {
    this.closings++
  }
}

export class FakeReviewer implements GatewayReviewer {
  readonly links: FakeLink[] = []
  state: GatewayReviewer['state'] = {
    epoch: 3,
    seq: 42,
    connections: 1,
    healthy: true,
    pendingCommit: 7,
    accepted: 40,
    rejected: 2,
    nacked: 5,
  }
  onConnect: (link: FakeLink) => void = () => {}
  onFrame: (text: string) => void = () => {}
  onClose: () => Promise<void> = async () => {}

  connect(link: ServerLink, peer: Peer): LinkHandler {
    const made = new FakeLink(link, peer, (text) => this.onFrame(text))
    this.links.push(made)
    this.onConnect(made)
    return made
  }

  close(): Promise<void> {
    return this.onClose()
  }
}
