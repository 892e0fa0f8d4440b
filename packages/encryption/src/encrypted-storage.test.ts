import { memoryStorage } from '@countersign/core'
import {
  type Checkpoint,
  type Storage,
  type StorageCare,
  type StoredState,
  type WriteBatch,
  allPages,
  checksum,
} from '@countersign/core/ports'
import { describe, expect, test } from 'vitest'
import { encryptedStorage } from './encrypted-storage.ts'
import { newKey } from './keyring.ts'

const SECRET = 'a secret that must not be on the disk'
const key = newKey()

function batchOf(): WriteBatch {
  const text = `{"title":"${SECRET}"}`
  const keys = { text: `keys ${text}`, check: checksum(`keys ${text}`) }
  const page = { no: 0, text, check: checksum(text), keys }
  return {
    durability: 'strict',
    segments: [{ key: 's', kind: 'own', ids: ['id'], text, check: checksum(text) }],
    meta: [['personalId', SECRET]],
    advance: { rank: 1, fromRank: 0, text: `[${SECRET}]` },
    checkpoint: { name: 'c', head: text, check: checksum(text), rank: 1, pages: [page] },
  }
}

type Whole = Omit<StoredState, 'checkpoint'> & { readonly checkpoint: Checkpoint | undefined }

/** All that is stored, with the pages of the checkpoint. */
async function stored(storage: Storage): Promise<Whole> {
  const handle = await storage.open(() => {})
  const { checkpoint, ...state } = await handle.read()
  const pages = checkpoint && (await allPages(handle, checkpoint.name))
  await handle.close()
  return { ...state, checkpoint: checkpoint && { ...checkpoint, pages: pages ?? [] } }
}

const otherFirst = (text: string): string => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)

const flat = ({ meta, ...state }: Whole): string => JSON.stringify([state, [...meta]])

describe('encrypted storage', () => {
  test('gives back what was written, and no text of it is on the disk in clear', async () => {
    const inner = memoryStorage()
    const handle = await encryptedStorage(inner, key).open(() => {})
    await handle.write(batchOf())
    expect(await handle.claim('whoami', SECRET)).toBe(SECRET)
    const { segments, advance, checkpoint, meta } = batchOf()
    const read = await stored(encryptedStorage(inner, key))
    expect(read.segments).toEqual([{ ...segments![0], order: read.segments[0]!.order }])
    expect([read.advance, read.checkpoint]).toEqual([advance, checkpoint])
    expect([...read.meta]).toEqual([...meta!, ['whoami', SECRET]])
    const disk = await stored(inner)
    expect(flat(disk)).not.toContain(SECRET)
    expect(flat(disk)).not.toContain(checksum(segments![0]!.text))
  })

  test('what the platform says of the storage is said of the encrypted one', () => {
    const care: StorageCare = {
      look: () => Promise.reject(new Error('not asked')),
      persist: async () => undefined,
      marks: { get: () => undefined, set: () => {}, remove: () => {} },
    }
    expect(encryptedStorage({ ...memoryStorage(), care }, key).care).toBe(care)
    expect(encryptedStorage(memoryStorage(), key).care).toBeUndefined()
  })

  test('keys that the platform does not export stay handles', async () => {
    const inner = memoryStorage()
    const pair = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])
    const handle = await encryptedStorage(inner, key).open(() => {})
    await handle.write({ durability: 'strict', meta: [['keys', { pair }]] })
    expect((await handle.read()).meta.get('keys')).toEqual({ pair })
  })

  test('a storage of another key, and one in clear, are not opened and stay as they are', async () => {
    const inner = memoryStorage()
    await (await encryptedStorage(inner, key).open(() => {})).write(batchOf())
    const before = flat(await stored(inner))
    const failed = expect.objectContaining({ trouble: 'failed' }) as Error
    await expect(encryptedStorage(inner, newKey()).open(() => {})).rejects.toThrow(failed)
    expect(flat(await stored(inner))).toBe(before)
    const plain = memoryStorage()
    await (await plain.open(() => {})).write(batchOf())
    for (const attempt of [1, 2])
      await expect(
        encryptedStorage(plain, key).open(() => {}),
        `attempt ${attempt}`,
      ).rejects.toThrow(/not encrypted/)
    expect((await stored(plain)).segments[0]!.text).toContain(SECRET)
  })

  test('a record that was exchanged or changed on the disk does not check', async () => {
    const inner = memoryStorage()
    await (await encryptedStorage(inner, key).open(() => {})).write(batchOf())
    const disk = await stored(inner)
    const [one] = disk.segments
    const raw = await inner.open(() => {})
    await raw.write({
      durability: 'strict',
      segments: [
        { ...one!, key: 'copied elsewhere' },
        { ...one!, key: 'changed', text: otherFirst(one!.text) },
        { ...one!, key: 'plain', text: SECRET, check: checksum(SECRET) },
      ],
    })
    const read = await stored(encryptedStorage(inner, key))
    const sound = read.segments.filter(({ text, check }) => checksum(text) === check)
    expect(sound.map((segment) => segment.key)).toEqual(['s'])
    expect(read.segments).toHaveLength(4)
  })
})
