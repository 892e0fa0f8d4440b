/** The drawn rows of a long list: the visible ones and a few around them. Pure. */

const AROUND_ROWS = 8

export interface ListView {
  readonly count: number
  readonly rowHeightPx: number
  readonly scrollTopPx: number
  readonly heightPx: number
}

export interface RowWindow {
  readonly from: number
  /** Exclusive. */
  readonly to: number
}

export function windowOf({ count, rowHeightPx, scrollTopPx, heightPx }: ListView): RowWindow {
  const first = Math.floor(Math.max(0, scrollTopPx) / rowHeightPx)
  const inView = Math.ceil(Math.max(0, heightPx) / rowHeightPx) + 1
  const from = Math.max(0, Math.min(first, count) - AROUND_ROWS)
  return { from, to: Math.min(count, first + inView + AROUND_ROWS) }
}

/** The scroll position at which a row is visible; undefined when it is already. */
export function scrollTo(row: number, view: ListView): number | undefined {
  const top = row * view.rowHeightPx
  const bottom = top + view.rowHeightPx
  if (top < view.scrollTopPx) return top
  if (bottom > view.scrollTopPx + view.heightPx) return bottom - view.heightPx
  return undefined
}
