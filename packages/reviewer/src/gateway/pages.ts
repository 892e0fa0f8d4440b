/** The gateway's HTTP endpoints: liveness, readiness and metrics. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'

export interface PageSources {
  /** Why the gateway is not ready for traffic; undefined: it is. */
  notReady(): string | undefined
  readonly metrics: Registry | undefined
}

/**
 * Answers `/healthz`, `/readyz` and `/metrics`; passes any other request to `others`, or answers 404
 * without `others`.
 */
export function pages(sources: PageSources, others: readonly RequestListener[]): RequestListener {
  return (request, response) => {
    const path = request.url?.split('?')[0]
    if (path === '/healthz') answer(request, response, 200, 'ok\n')
    else if (path === '/readyz') answerReady(request, response, sources.notReady())
    else if (path === '/metrics' && sources.metrics !== undefined) {
      void answerMetrics(request, response, sources.metrics)
    } else if (others.length > 0) for (const other of others) other(request, response)
    else answer(request, response, 404, 'not found\n')
  }
}

function answerReady(
  request: IncomingMessage,
  response: ServerResponse,
  why: string | undefined,
): void {
  if (why === undefined) answer(request, response, 200, 'ready\n')
  else answer(request, response, 503, `${why}\n`)
}

async function answerMetrics(
  request: IncomingMessage,
  response: ServerResponse,
  metrics: Registry,
): Promise<void> {
  try {
    answer(request, response, 200, await metrics.metrics(), metrics.contentType)
  } catch {
    answer(request, response, 500, 'metrics failed\n')
  }
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end()
    return
  }
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
  response.end(request.method === 'HEAD' ? undefined : text)
}
