/**
 * Which space this page shows, and whose verdicts count. The server that serves the page knows (demo.ts, or whoever
 * hosts a build) and writes it into a meta tag, so the page has it before its first line runs.
 */
import type { Uuid } from '@countersign/core'

export interface PageConfig {
  readonly space: Uuid
  /** Public key of the reviewer; without it, the first reviewer met is trusted from then on. */
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
