/**
 * A storage that does what browsers do to storages, by switches: full, slow, blocked, emptied.
 * Emptied is a spare storage in the place of the real one, which is not touched: when the
 * switch goes back, everything is there again.
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

/** What the panel calls the storage, and what it may be emptied into. */
export interface FaultyStorageOptions {
  readonly label?: string
  /** Makes an empty storage, e.g. `memoryStorage`. With it, the storage can be made to look emptied. */
  readonly spare?: () => Storage
}

const DELAY_MS_MAX = 60_000

const SWITCHES: readonly SwitchShape[] = [
  {
    kind: 'toggle',
    id: 'full',
    label: 'Full',
    says: 'Every write is refused, as over quota. Nothing that is stored is lost.',
  },
  {
    kind: 'toggle',
    id: 'blocked',
    label: 'Blocked',
    says: 'Nobody can open it: the next store that opens works in memory.',
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
  says: 'Looks cleared to the next store that opens. Off, what was stored is there again, and what was written meanwhile is not.',
}

/**
 * Wraps a storage with switches: full, blocked, slow, and emptied where there is a spare. Honest
 * until one is set.
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
