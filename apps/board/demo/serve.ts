/** The interface of the ways to serve the page. Returns a function that stops it. */
import type { Server } from 'node:http'
import type { Logger, Plugin } from 'vite'
import type { ReviewerAddress } from './reviewer.ts'

export interface Serving {
  readonly reviewer: ReviewerAddress
  /** Folder of the app. */
  readonly root: string
  readonly plugins: readonly Plugin[]
  readonly logger: Logger
}

export type Serve = (http: Server, serving: Serving) => Promise<() => Promise<void>>
