/**
 * The space of this page, and the key of its reviewer. The server of the page (demo.ts, or the host of
 * a build) writes them into meta tags, so that they are available synchronously.
 */
import type { Uuid } from '@countersign/core'

export interface PageConfig {
  readonly space: Uuid
  /** Public key of the reviewer; undefined: trust on first use. */
  readonly reviewerKey: string | undefined
}

/** @throws Error when the page was served without its space. */
export function pageConfig(): PageConfig {
  const space = metaTag('countersign-space')
  if (space === undefined) {
    throw new Error('This page does not know its space. Start it with `pnpm demo`.')
  }
  return { space, reviewerKey: metaTag('countersign-reviewer-key') }
}

function metaTag(name: string): string | undefined {
  const tag = document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)
  return tag?.content === '' ? undefined : tag?.content
}
