/** Scrolls a container while the pointer is near its edge, so that a drag can reach hidden cards. */

const edgePx = 44
const stepPx = 14

export function scrollAtEdge(board: HTMLElement, x: number, y: number): void {
  const sideways = board.getBoundingClientRect()
  board.scrollLeft += push(x, sideways.left, sideways.right)
  for (const list of board.querySelectorAll<HTMLElement>('[data-scrolls]')) {
    const box = list.getBoundingClientRect()
    if (x >= box.left && x <= box.right) list.scrollTop += push(y, box.top, box.bottom)
  }
}

function push(at: number, from: number, to: number): number {
  if (at < from + edgePx) return -stepPx
  return at > to - edgePx ? stepPx : 0
}
