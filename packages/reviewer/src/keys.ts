/**
 * The reviewer's key pair: generated once, and stored in a store or in a file of its own. Core checks
 * that a space and a key belong together.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { KeyPair, Signer, SpaceStore } from '@countersign/core/ports'
import { secretOf } from './node/signer.ts'

class KeyError extends Error {
  override readonly name = 'KeyError'
}

export interface KeyPlace {
  readonly store: SpaceStore
  /** A `nodeSigner`. */
  readonly signer: Signer
  /** A file for the key, created with mode 0600 if missing. Default: the key is in the store. */
  readonly keyFile?: string | undefined
}

/** Reads the key pair, or generates it. Rejects with a one-line `Error` when it is damaged, or cannot be read or written. */
export async function reviewerKeys({ store, signer, keyFile }: KeyPlace): Promise<KeyPair> {
  return keyFile === undefined ? keysInStore(store, signer) : keysInFile(keyFile, signer)
}

async function keysInStore(store: SpaceStore, signer: Signer): Promise<KeyPair> {
  const text =
    (await store.meta('key')) ?? (await store.claimMeta('key', toText(await signer.generate())))
  return fromText(text, 'the data')
}

async function keysInFile(file: string, signer: Signer): Promise<KeyPair> {
  try {
    if (existsSync(file)) return fromText(readFileSync(file, 'utf8'), file)
    const keys = await signer.generate()
    writeFileSync(file, `${toText(keys)}\n`, { mode: 0o600, flag: 'wx', flush: true })
    return keys
  } catch (error) {
    if (error instanceof KeyError) throw error
    throw new KeyError(`cannot use the key file ${file}: ${(error as Error).message}`)
  }
}

function toText({ publicKey, secret }: KeyPair): string {
  return JSON.stringify({ publicKey, secret })
}

function fromText(text: string, where: string): KeyPair {
  try {
    const { publicKey, secret } = JSON.parse(text) as KeyPair
    const keys = { publicKey, secret }
    secretOf(keys)
    return keys
  } catch (error) {
    // The cause may contain the secret, so it is omitted.
    throw new KeyError(`the reviewer key in ${where} is damaged (${(error as Error).name})`)
  }
}
