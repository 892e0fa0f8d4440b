/**
 * Who had seen whom: the ancestor relation of one entity's DAG, by walking parents. Only
 * concurrent writes need a walk; the fold's usual step does without.
 */
import type { Write } from './entry.ts'

/** Writes before which history was let go: their parents are the nearest that are still here. */
const relinked = new WeakSet<Write>()

export function markRelinked(write: Write): void {
  relinked.add(write)
}

/** Whether writes between this one and its parents are not here any more. */
export function isRelinked(write: Write): boolean {
  return relinked.has(write)
}

/** Writes that came with a snapshot, of messages that are known otherwise: most name no session. */
const fromSnapshot = new WeakSet<Write>()

export function markFromSnapshot(write: Write): void {
  if (write.entry.session.sessionId !== '') fromSnapshot.add(write)
}

/** Whether it came with a snapshot, which holds what stood, and not what was written before. */
export function isFromSnapshot(write: Write): boolean {
  return write.entry.session.sessionId === '' || fromSnapshot.has(write)
}

/** All writes that the bearer of these parents had seen, the parents included. */
export function ancestorsOf(parents: readonly Write[]): ReadonlySet<Write> {
  const seen = new Set<Write>(parents)
  const open = [...parents]
  for (let write = open.pop(); write; write = open.pop()) {
    for (const parent of write.parents) {
      if (seen.has(parent)) continue
      seen.add(parent)
      open.push(parent)
    }
  }
  return seen
}

/**
 * Which of `targets` the bearer of `parents` had seen. Stops as soon as all are found, so
 * a write on nearly current parents walks only a few steps.
 */
export function seenAmong(
  parents: readonly Write[],
  targets: ReadonlySet<Write>,
): ReadonlySet<Write> {
  const found = new Set<Write>()
  const seen = new Set<Write>(parents)
  const open = [...parents]
  for (let at = 0; at < open.length && found.size < targets.size; at++) {
    const write = open[at]!
    if (targets.has(write)) found.add(write)
    for (const parent of write.parents) {
      if (seen.has(parent)) continue
      seen.add(parent)
      open.push(parent)
    }
  }
  return found
}

/** These writes and all that they had seen, each after its parents: one step for each link. */
export function parentsFirst(ends: readonly Write[]): Write[] {
  const order: Write[] = []
  const seen = new Set<Write>()
  const path: { readonly write: Write; next: number }[] = []
  const enter = (write: Write): void => {
    if (seen.has(write)) return
    seen.add(write)
    path.push({ write, next: 0 })
  }
  for (const end of ends) {
    enter(end)
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const parent = top.write.parents[top.next++]
      if (parent) enter(parent)
      else order.push(path.pop()!.write)
    }
  }
  return order
}
