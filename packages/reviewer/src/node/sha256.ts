/** Replaces core's portable SHA-256 by Node's: same output, several times faster. */
import { hash } from 'node:crypto'
import { setSha256 } from '@countersign/core/message'

/** Installs it for the whole process. Idempotent. */
export function installNodeSha256(): void {
  setSha256((text) => hash('sha256', text, 'base64url'))
}
