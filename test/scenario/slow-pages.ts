/** A storage whose pages come one by one, as those of a large store on a slow device. */
import { type Page, type Storage, type StorageHandle, allPages } from '@countersign/core/ports'

interface Slowness {
  /** Awaited before each page. Default: the next turn. */
  readonly pause?: (no: number) => Promise<void>
  /** What is read of a page. */
  readonly change?: (page: Page) => Page
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

/** A storage that reads pages in another way, and does everything else as `inner` does. */
export function withPages(
  inner: Storage,
  pagesOf: (handle: StorageHandle) => StorageHandle['pages'],
): Storage {
  return {
    async open(onTrouble, space) {
      const handle = await inner.open(onTrouble, space)
      return {
        read: () => handle.read(),
        pages: pagesOf(handle),
        write: (batch) => handle.write(batch),
        claim: (key, value) => handle.claim(key, value),
        waiting: () => handle.waiting(),
        erase: () => handle.erase(),
        close: () => handle.close(),
      }
    },
  }
}

export function slow(
  inner: Storage,
  { pause = nextTurn, change = (page) => page }: Slowness = {},
): Storage {
  return withPages(inner, (handle) => async (name, reading) => {
    const all = (await allPages(handle, name))?.map(change)
    if (!all) return false
    const keys = all.flatMap((page) => (page.keys ? [[page.no, page.keys] as const] : []))
    reading.begin({ numbers: all.map(({ no }) => no), keys: new Map(keys) })
    for (let next = reading.next(); next.length > 0; next = reading.next()) {
      for (const no of next) {
        await pause(no)
        reading.take(all.filter((page) => page.no === no))
      }
    }
    return true
  })
}
