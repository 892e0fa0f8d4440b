/**
 * The two ends of a link as the transport contract watches them, and the texts it sends.
 */
import type { Link, LinkEvents, ServerLink, Transport } from '@countersign/core/ports'
import { expect } from 'vitest'

/** What the far end hears of one link. */
export interface FarHandler {
  frame(text: string): void
  closed(): void
}

/** One end of a link, as a list of what happened there. */
export class NearEnd implements LinkEvents {
  readonly frames: string[] = []
  readonly history: string[] = []
  link: Link | undefined
  readonly #onOpen: (near: NearEnd) => void

  constructor(transport: Transport, onOpen: (near: NearEnd) => void = () => {}) {
    this.#onOpen = onOpen
    this.link = transport.connect(this)
  }

  open(): void {
    this.history.push('open')
    this.#onOpen(this)
  }

  frame(text: string): void {
    if (this.frames.length === 0) this.history.push('frames')
    this.frames.push(text)
  }

  closed(reason: string): void {
    expect(typeof reason).toBe('string')
    expect(reason).not.toBe('')
    this.history.push('closed')
  }

  get isOpen(): boolean {
    return this.history.includes('open') && !this.isClosed
  }

  get isClosed(): boolean {
    return this.history.includes('closed')
  }
}

export class FarEnd implements FarHandler {
  readonly frames: string[] = []
  readonly link: ServerLink
  closings = 0

  constructor(link: ServerLink) {
    this.link = link
  }

  frame(text: string): void {
    expect(this.closings, 'a frame after the end').toBe(0)
    this.frames.push(text)
  }

  closed(): void {
    this.closings++
  }
}

/** Texts that a careless wire would alter. */
export const TEXTS: readonly string[] = [
  '[]',
  '[1,"a",{"b":[null,true]}]',
  '["cs","[]"]',
  '[',
  ']',
  '[[',
  '[],[]',
  '[1] ',
  '',
  ' ',
  'plain',
  '"quoted"',
  '"',
  '{"a":1}',
  'null',
  '0',
  '1',
  '2["cs",1]',
  '["bye","x"]',
  '\\"]\\',
  'line\nbreak\r\n\ttab',
  '["offer","sig"]\n[2,"space"]\n[1,0,[[0,"id",[],["a\\n"]]],"salt"]',
  '["tail",[3],null]\n["batch",1]\n"hash"\n\n',
  '\u0000\u0001\u001f\u007f',
  'äöü ß € 漢字 \u{1f642}\u{1f468}\u200d\u{1f469}',
  '\u2028\u2029\ufeff',
  '["\u{1f642}","\u0000\\u0000"]',
]
