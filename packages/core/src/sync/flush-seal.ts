/** Whether the author of a flush in a batch has sealed it. */
import { sealBytes } from '../facts/hashes.ts'
import { whoamiId } from '../facts/whoami.ts'
import type { FlushLayout } from '../wire/types.ts'

/** Whether a signature over some bytes is of that key. */
export type Verify = (publicKey: string, bytes: Uint8Array, sig: string) => Promise<boolean>

/** The key must be that of the author, and the seal over head and lines, in whatever form the batch has them. */
export async function isSealOf(
  { headHash, places, session }: FlushLayout,
  { publicKey, seal }: { readonly publicKey: string; readonly seal: string },
  verify: Verify,
): Promise<boolean> {
  if (whoamiId(publicKey) !== session.facts.authorId) return false
  const bytes = sealBytes({ head: headHash, lines: places.map(({ hash }) => hash) })
  return verify(publicKey, bytes, seal)
}
