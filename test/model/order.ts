/**
 * Orders in which messages may reach a replica: every message after its parents, apart from
 * that at random, some of them again.
 */
import type { OracleMessage } from './oracle.ts'
import type { Random } from './random.ts'

/**
 * All messages, parents before children, in an order of chance. `again`: how many more
 * deliveries there are, in parts of the number of messages, each of one that came before.
 */
export function causalOrder<M extends OracleMessage>(
  messages: readonly M[],
  random: Random,
  again = 0,
): M[] {
  const missing = new Map<M, number>()
  const children = new Map<string, M[]>()
  for (const message of messages) {
    const parents = new Set(message.changes.flatMap((change) => change.parents))
    missing.set(message, parents.size)
    for (const parent of parents) {
      const list = children.get(parent)
      if (list) list.push(message)
      else children.set(parent, [message])
    }
  }
  const ready = messages.filter((message) => missing.get(message) === 0)
  const order: M[] = []
  const delivered: M[] = []
  while (ready.length > 0) {
    const next = takeOne(ready, random)
    order.push(next)
    delivered.push(next)
    for (const child of children.get(next.id) ?? []) {
      const left = missing.get(child)! - 1
      missing.set(child, left)
      if (left === 0) ready.push(child)
    }
    while (random.chance(again / (1 + again))) order.push(random.pick(delivered))
  }
  if (delivered.length !== messages.length)
    throw new Error('a message has a parent that is not here')
  return order
}

/** Mostly any; sometimes the newest, so that one branch runs far ahead of the others. */
function takeOne<M>(ready: M[], random: Random): M {
  const at = random.chance(0.3) ? ready.length - 1 : random.below(ready.length)
  const last = ready.pop()!
  if (at === ready.length) return last
  const taken = ready[at]!
  ready[at] = last
  return taken
}
