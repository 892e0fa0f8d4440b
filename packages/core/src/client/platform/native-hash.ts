/**
 * SHA-256 of Node, several times faster than the portable one. Read without an import, which a
 * bundler for browsers would have to resolve.
 */
import { type Sha256, setSha256 } from '../../base/hash.ts'

/** The globals of Node that are used. */
export interface NodeLike {
  readonly process?: {
    getBuiltinModule?(name: string): { readonly hash?: unknown } | undefined
  }
}

/** Installs the hash of Node for the whole process, where there is one. Idempotent. */
export function installNativeHash({ process }: NodeLike): void {
  const { hash } = process?.getBuiltinModule?.('node:crypto') ?? {}
  if (typeof hash !== 'function') return
  const native = hash as (algorithm: string, text: string, encoding: string) => ReturnType<Sha256>
  setSha256((text) => native('sha256', text, 'base64url'))
}
