/**
 * Settings in sessionStorage, kept for the lifetime of the tab: the offline switch, the open view.
 * Where storage is forbidden, they are not kept.
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
    // Ignored: the settings are optional.
  }
}
