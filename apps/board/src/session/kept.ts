/**
 * Small things that outlive a reload but not the tab: the offline switch, the open view.
 * Storage may be forbidden; then they are simply forgotten.
 */

export function kept(name: string): string | undefined {
  try {
    return sessionStorage.getItem(`countersign-board.${name}`) ?? undefined
  } catch {
    return undefined
  }
}

export function keep(name: string, value: string | undefined): void {
  try {
    const key = `countersign-board.${name}`
    if (value === undefined) sessionStorage.removeItem(key)
    else sessionStorage.setItem(key, value)
  } catch {
    // Nothing depends on it.
  }
}
