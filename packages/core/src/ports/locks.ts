/** Named exclusive locks among the tabs of one origin (Web Locks, or one process). */
export interface Locks {
  /**
   * Takes the lock if it is free, and holds it until released or until this tab dies.
   * Returns the release, or undefined when another holds it.
   */
  tryAcquire(name: string): Promise<(() => void) | undefined>
}
