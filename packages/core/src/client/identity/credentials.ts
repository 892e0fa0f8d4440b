/** The app's proof of who the person is, for the reviewer's `authenticate`. It is in memory only. */

/**
 * A token, or a function that has one: called for each connection, and before a login ends.
 * undefined: no person is signed in.
 */
export type Auth = string | undefined | (() => string | undefined | Promise<string | undefined>)

/** What a frame carries. */
const TOKEN_CHARACTERS_MAX = 8_192

export class Credentials {
  #auth: Auth
  /** While the function has no answer: it is not called twice at a time. */
  #asked: Promise<string | undefined> | undefined

  #last: string | undefined

  constructor(auth: Auth) {
    this.#auth = auth
  }

  set(auth: Auth): void {
    this.#auth = auth
    this.#asked = undefined
  }

  /** The token that was given last. */
  get last(): string | undefined {
    return typeof this.#auth === 'string' ? this.#auth : this.#last
  }

  /** Rejects with what the app's function throws. A value is there at once. */
  token(): string | undefined | Promise<string | undefined> {
    if (typeof this.#auth !== 'function') return this.#auth
    this.#asked ??= this.#ask(this.#auth)
    return this.#asked
  }

  #ask(auth: () => string | undefined | Promise<string | undefined>): Promise<string | undefined> {
    const asked = this.#checked(auth)
    const over = (): void => {
      if (this.#asked === asked) this.#asked = undefined
    }
    asked.then(over, over)
    return asked
  }

  async #checked(
    auth: () => string | undefined | Promise<string | undefined>,
  ): Promise<string | undefined> {
    const token: unknown = await auth()
    if (token === undefined) return undefined
    if (typeof token !== 'string') throw new Error('`auth` must be a string')
    if (token.length > TOKEN_CHARACTERS_MAX)
      throw new Error(`a token has at most ${TOKEN_CHARACTERS_MAX} characters`)
    this.#last = token
    return token
  }
}
