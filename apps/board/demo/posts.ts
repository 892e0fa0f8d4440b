/** Answers some `POST` requests of a server; all others are left to the listeners that it has. */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'

/** The text of the answer; undefined: there is no such thing. */
export type Answer = (name: string) => string | undefined | Promise<string | undefined>

/** `path`: its first group is the name that is asked for. */
export function answerPosts(http: Server, path: RegExp, answer: Answer): void {
  const others = http.listeners('request') as RequestListener[]
  http.removeAllListeners('request')
  http.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const name = path.exec(request.url ?? '')?.[1]
    if (name === undefined) {
      for (const other of others) other.call(http, request, response)
      return
    }
    void answerOne(request.method === 'POST' ? () => answer(name) : () => undefined, response)
  })
}

async function answerOne(
  answer: () => ReturnType<Answer>,
  response: ServerResponse,
): Promise<void> {
  try {
    const text = await answer()
    const head = { 'content-type': 'text/plain', 'cache-control': 'no-store' }
    response.writeHead(text === undefined ? 404 : 200, text === undefined ? {} : head).end(text)
  } catch (error) {
    response.writeHead(500).end(String(error))
  }
}
