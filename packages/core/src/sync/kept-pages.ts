/**
 * Pages of a snapshot that did not end, kept in memory for the next link: `want` names them, and they
 * are not sent again. They are as safe as new pages: a snapshot is signed over the hashes of all
 * its pages.
 */
import { utf8Bytes } from '../base/size.ts'
import { pageHash, pageName } from '../wire/signed.ts'

/** Named in one `want`: few enough for the bytes of a handshake. */
export const KEPT_PAGES_MAX = 1_024

export class KeptPages {
  readonly #bytesMax: number
  readonly #texts = new Map<string, string>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Null where there are none. */
  get names(): readonly string[] | null {
    return this.#texts.size > 0 ? [...this.#texts.keys()] : null
  }

  /** Keeps the text of a page, if there is room. */
  add(text: string): void {
    const name = pageName(pageHash(text))
    const bytes = this.#bytes + utf8Bytes(text)
    if (this.#texts.has(name) || bytes > this.#bytesMax) return
    if (this.#texts.size >= KEPT_PAGES_MAX) return
    this.#bytes = bytes
    this.#texts.set(name, text)
  }

  get(name: string): string | undefined {
    return this.#texts.get(name)
  }

  clear(): void {
    this.#texts.clear()
    this.#bytes = 0
  }
}
