/**
 * Divides the states of a scan into pages. The pages of a scan are always the same, from any of its
 * keys and for any link.
 */
import { type Bytes, NO_BYTES, addBytes, bytesOf, utf8Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import { type Limits, frameContentBytesMax } from '../facts/limits.ts'
import type { StateScan } from '../ports/space-store.ts'
import type { SpaceState } from '../review/space.ts'
import { readState, statePage } from '../review/stored.ts'
import { type PageEntity, pageText } from '../wire/pages.ts'
import type { SpaceSource } from './source.ts'

/** Size of the states of one run. */
const RUN_BYTES = bytesOf(524_288)
/** Size of the states of one page: one frame of the slowest link. */
const PAGE_BYTES = 32_768

/** Pages that are read, encoded and kept together. */
export interface PageRun {
  readonly texts: readonly string[]
  /** Key of the next run; undefined after the last one. */
  readonly next: string | undefined
}

export interface PagesParts {
  readonly space: SpaceState
  readonly source: SpaceSource
  readonly limits: Limits
}

/** The run of pages from a key of the scan. An entity is in one page, however large. */
export async function runOfPages(
  scan: StateScan,
  from: string | undefined,
  parts: PagesParts,
): Promise<PageRun> {
  const { pageEntitiesMax } = parts.limits
  const bytesMax = Math.min(PAGE_BYTES, frameContentBytesMax(parts.limits))
  const { states, next } = await scan.page(from, RUN_BYTES)
  const texts: string[] = []
  let page: PageEntity[] = []
  let bytes = NO_BYTES
  const end = (): void => {
    if (page.length > 0) texts.push(pageText(page))
    page = []
    bytes = NO_BYTES
  }
  for (const stored of states) {
    const entity = readState(stored) ?? (await refoldedPage(stored.entity, scan, parts))
    const size: Bytes = utf8Bytes(stored.text.ok ? stored.text.value : pageText([entity]))
    if (page.length === pageEntitiesMax || bytes + size > bytesMax) end()
    page.push(entity)
    bytes = addBytes(bytes, size)
  }
  end()
  return { texts, next }
}

/** The state of an entity at the scan, folded again because the stored one is damaged. */
async function refoldedPage(
  id: Uuid,
  { through }: StateScan,
  { source, space }: PagesParts,
): Promise<PageEntity> {
  const { type, state } = await source.refolded(id, through)
  return statePage(id, { type, state, table: space.registers(type) })
}
