/**
 * A storage whose texts are encrypted on this device: messages, rows, positions and plain records.
 * Keys of records, message ids, numbers and sizes stay readable; keys of authors are handles that
 * the browser does not export, and stay as they are.
 */
import {
  type Checkpoint,
  type Page,
  type PageReading,
  type Segment,
  type Storage,
  StorageError,
  type StorageHandle,
  type StoredCheckpoint,
  type StoredState,
  type WriteBatch,
  type Written,
} from '@countersign/core/ports'
import { type RandomBytes, decryptText, encryptText, keyOf, platformBytes } from './box.ts'

/** The record that proves that the storage was written with the same key. */
const PROOF = 'encryption'
const PROVED = 'countersign'
/** A checksum that no text has: core reports the record as damaged. */
const NO_CHECK = 'not decrypted'

/**
 * Encrypts all that `storage` holds with `key`: 32 bytes, or their base64url. A storage that was
 * written with another key, or without one, is not opened.
 * @throws CountersignError `invalid` for a malformed key
 */
export function encryptedStorage(
  storage: Storage,
  key: Uint8Array | string,
  { random = platformBytes }: { readonly random?: RandomBytes } = {},
): Storage {
  const box = new Boxes(keyOf(key), random)
  return {
    ...(storage.care && { care: storage.care }),
    open: async (onTrouble, space) => {
      const handle = await storage.open(onTrouble, space)
      try {
        await prove(handle, box)
      } catch (error) {
        await handle.close()
        throw error
      }
      return new EncryptedHandle(handle, box)
    },
  }
}

/** @throws StorageError `failed` where the storage was written with another key, or without one */
async function prove(handle: StorageHandle, box: Boxes): Promise<void> {
  const fresh = box.encrypt(PROVED, [PROOF])
  const known = await handle.claim(PROOF, fresh)
  if (known === fresh) {
    const { segments, checkpoint, meta } = await handle.read()
    if (segments.length === 0 && !checkpoint && meta.size === 1) return
    // The proof is deleted with the data, also for the next call.
    await handle.write({ durability: 'strict', meta: [[PROOF, null]] })
  } else if (typeof known === 'string' && box.decrypt(known, [PROOF]) === PROVED) return
  throw new StorageError(
    'failed',
    typeof known === 'string' && known !== fresh
      ? 'this storage was encrypted with another key'
      : 'this storage has records that are not encrypted: give it another name',
  )
}

/** The associated data of a box: the kind of the record, and its key. */
type About = readonly [kind: string, key?: string | number]

class Boxes {
  readonly #key: Uint8Array
  readonly #random: RandomBytes

  constructor(key: Uint8Array, random: RandomBytes) {
    this.#key = key
    this.#random = random
  }

  /** `json` is written as JSON, which escapes halves of surrogate pairs. */
  encrypt(json: unknown, about: About): string {
    const text = JSON.stringify(json)
    return encryptText(this.#key, text, { about: nameOf(about), random: this.#random })
  }

  /** undefined: it was not made with this key about this record. */
  decrypt(box: string, about: About): unknown {
    const text = decryptText(this.#key, box, nameOf(about))
    return text === undefined ? undefined : JSON.parse(text)
  }

  /** The text with its checksum, so that the stored checksum does not depend on the text. */
  encryptChecked<T extends Checked>(record: T, about: About): T {
    const { text, check } = record
    return { ...record, text: this.encrypt([text, check], about), check: '' }
  }

  /** A record that cannot be decrypted has no right checksum: core reports it as damaged. */
  decryptChecked<T extends Checked>(record: T, about: About): T {
    const plain = this.decrypt(record.text, about) as readonly [string, string] | undefined
    const [text, check] = plain ?? [record.text, NO_CHECK]
    return { ...record, text, check }
  }

  /** A plain record; a handle of a key stays as it is. */
  encryptValue(value: unknown, key: string): unknown {
    return isJson(value) ? { encrypted: this.encrypt(value, ['meta', key]) } : value
  }

  decryptValue(value: unknown, key: string): unknown {
    const { encrypted } = (value ?? {}) as { readonly encrypted?: unknown }
    if (typeof encrypted !== 'string') return value
    const json = this.decrypt(encrypted, ['meta', key])
    return json === undefined ? value : json // which may be null
  }
}

interface Checked {
  readonly text: string
  readonly check: string
}

function nameOf(about: About): string {
  return JSON.stringify(['cs/disk', ...about])
}

class EncryptedHandle implements StorageHandle {
  readonly #inner: StorageHandle
  readonly #box: Boxes

  constructor(inner: StorageHandle, box: Boxes) {
    this.#inner = inner
    this.#box = box
  }

  async read(): Promise<StoredState> {
    const box = this.#box
    const { segments, outbox, settled, meta, advance, checkpoint } = await this.#inner.read()
    return {
      outbox,
      settled,
      segments: segments.map((segment) => box.decryptChecked(segment, [segment.kind, segment.key])),
      meta: new Map(
        [...meta]
          .filter(([key]) => key !== PROOF)
          .map(([key, value]) => [key, box.decryptValue(value, key)]),
      ),
      // A position that cannot be decrypted is a damaged one.
      advance: advance && {
        ...advance,
        text: (box.decrypt(advance.text, ['advance']) as string | undefined) ?? '',
      },
      checkpoint: checkpoint && decryptedCheckpoint(checkpoint, box),
    }
  }

  pages(checkpoint: string, reading: PageReading): Promise<boolean> {
    const box = this.#box
    return this.#inner.pages(checkpoint, {
      begin({ numbers, keys }) {
        const plain = [...keys].map(
          ([no, each]) => [no, box.decryptChecked(each, ['keys', no])] as const,
        )
        reading.begin({ numbers, keys: new Map(plain) })
      },
      next: () => reading.next(),
      take: (pages) =>
        reading.take(pages.map((page) => box.decryptChecked(page, ['page', page.no]))),
    })
  }

  waiting(): Promise<readonly string[]> {
    return this.#inner.waiting()
  }

  write(batch: WriteBatch): Promise<Written> {
    const { segments, rewrite, meta, advance, checkpoint } = batch
    const box = this.#box
    return this.#inner.write({
      ...batch,
      ...(segments && {
        segments: segments.map((segment): Segment =>
          box.encryptChecked(segment, [segment.kind, segment.key]),
        ),
      }),
      ...(rewrite && {
        rewrite: rewrite.map(({ key, kind, to }) => ({
          ...{ key, kind },
          to: to && box.encryptChecked(to, [kind, key]),
        })),
      }),
      ...(meta && {
        meta: meta.map(([key, value]) => [key, box.encryptValue(value, key)] as const),
      }),
      ...(advance && { advance: { ...advance, text: box.encrypt(advance.text, ['advance']) } }),
      ...(checkpoint && { checkpoint: encryptedCheckpoint(checkpoint, box) }),
    })
  }

  async claim(key: string, value: unknown): Promise<unknown> {
    const kept = await this.#inner.claim(key, this.#box.encryptValue(value, key))
    return this.#box.decryptValue(kept, key)
  }

  erase(): Promise<void> {
    return this.#inner.erase()
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}

function encryptedCheckpoint(checkpoint: Checkpoint, box: Boxes): Checkpoint {
  const { text, check } = box.encryptChecked(headOf(checkpoint), ['checkpoint', checkpoint.name])
  const pages = checkpoint.pages.map((page): Page => {
    const { keys, ...encrypted } = box.encryptChecked(page, ['page', page.no])
    return { ...encrypted, ...(keys && { keys: box.encryptChecked(keys, ['keys', page.no]) }) }
  })
  return { ...checkpoint, head: text, check, pages }
}

function decryptedCheckpoint(checkpoint: StoredCheckpoint, box: Boxes): StoredCheckpoint {
  const { text, check } = box.decryptChecked(headOf(checkpoint), ['checkpoint', checkpoint.name])
  return { ...checkpoint, head: text, check }
}

function headOf({ head, check }: StoredCheckpoint): Checked {
  return { text: head, check }
}

/** Whether a value is JSON: everything else is a handle that only the platform can store. */
function isJson(value: unknown): boolean {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return true
  if (typeof value !== 'object') return false
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
  return isPlain && Object.values(value as object).every(isJson)
}
