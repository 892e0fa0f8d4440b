/**
 * A storage with switches for browser faults: full, slow, blocked, emptied. `emptied` replaces the
 * real storage by an empty spare one; the real one is untouched and comes back when the switch is
 * off.
 */
import {
  type Storage,
  StorageError,
  type StorageHandle,
  type StorageTrouble,
} from '@countersign/core/inspect'
import type { FaultControl } from './control.ts'
import { type SwitchShape, Switches } from './switches.ts'

/** A storage with its switches. */
export interface FaultyStorage extends Storage {
  readonly faults: FaultControl
}

/** The label of the storage in the panel, and the source of spare storages. */
export interface FaultyStorageOptions {
  readonly label?: string
  /** Creates an empty storage, e.g. `memoryStorage`. Enables the switch `emptied`. */
  readonly spare?: () => Storage
}

const DELAY_MS_MAX = 60_000

const SWITCHES: readonly SwitchShape[] = [
  {
    kind: 'toggle',
    id: 'full',
    label: 'Full',
    says: 'Every write fails with a quota error. Stored data is not lost.',
  },
  {
    kind: 'toggle',
    id: 'blocked',
    label: 'Blocked',
    says: 'It cannot be opened: the next store that opens works in memory.',
  },
  {
    kind: 'amount',
    id: 'delay',
    label: 'Delay',
    says: 'Each read and write takes this much longer.',
    unit: 'ms',
    max: DELAY_MS_MAX,
  },
]

const EMPTIED: SwitchShape = {
  kind: 'toggle',
  id: 'emptied',
  label: 'Emptied',
  says: 'The next store that opens finds it empty. Off, the stored data is back, and writes made meanwhile are lost.',
}

/**
 * Wraps a storage with switches: full, blocked, slow, and emptied where there is a spare. Without
 * effect until one is set.
 */
export function faultyStorage(inner: Storage, options: FaultyStorageOptions = {}): FaultyStorage {
  const { spare } = options
  const faults = new Switches({
    kind: 'storage',
    label: options.label ?? 'storage',
    switches: spare ? [...SWITCHES, EMPTIED] : SWITCHES,
  })
  let empty: Storage | undefined
  faults.subscribe(() => {
    if (!faults.on('emptied')) empty = undefined
  })
  return {
    faults,
    ...(inner.care && { care: inner.care }),
    async open(onTrouble: (trouble: StorageTrouble) => void, space): Promise<StorageHandle> {
      await slowly(faults)
      if (faults.on('blocked')) throw new StorageError('blocked', 'blocked by devtools')
      if (faults.on('emptied')) empty ??= spare?.()
      const handle = await (empty ?? inner).open(onTrouble, space)
      return new FaultyHandle(handle, faults)
    },
  }
}

class FaultyHandle implements StorageHandle {
  readonly #inner: StorageHandle
  readonly #faults: Switches

  constructor(inner: StorageHandle, faults: Switches) {
    this.#inner = inner
    this.#faults = faults
  }

  async read(): ReturnType<StorageHandle['read']> {
    await slowly(this.#faults)
    return this.#inner.read()
  }

  async pages(
    ...[checkpoint, reading]: Parameters<StorageHandle['pages']>
  ): ReturnType<StorageHandle['pages']> {
    await slowly(this.#faults)
    return this.#inner.pages(checkpoint, reading)
  }

  async waiting(): ReturnType<StorageHandle['waiting']> {
    await slowly(this.#faults)
    return this.#inner.waiting()
  }

  async write(batch: Parameters<StorageHandle['write']>[0]): ReturnType<StorageHandle['write']> {
    await slowly(this.#faults)
    this.#refuseIfFull()
    return this.#inner.write(batch)
  }

  async claim(key: string, value: unknown): Promise<unknown> {
    await slowly(this.#faults)
    this.#refuseIfFull()
    return this.#inner.claim(key, value)
  }

  async erase(): Promise<void> {
    await slowly(this.#faults)
    return this.#inner.erase()
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  #refuseIfFull(): void {
    if (this.#faults.on('full')) throw new StorageError('quota', 'full by devtools')
  }
}

async function slowly(faults: Switches): Promise<void> {
  const delayMs = faults.amount('delay')
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
}
