/**
 * Messages of persons who lack the capability: a group of lies that only some seeds have, so that the
 * other seeds keep their histories.
 */
import { type Lie, nothing, offered, sealedFlush } from './telling.ts'

/** A counter above all ids that are minted here. */
const MANY_IDS = 50_000

/** Messages of authors without the capability. */
export const TRESPASSES: readonly Lie[] = [
  {
    name: 'creation with an id of the session of another',
    reason: 'invalid',
    make: (by, { session: ids }) => {
      const message = by.creation(by.next() + MANY_IDS, { ids })
      return offered(by, { session: by.session, message })
    },
  },
  {
    name: 'used number in a message that is refused for something else, too',
    reason: 'seq_reused',
    otherwise: 'invalid',
    make: async (by) => {
      const number = by.next()
      const [first, second] = [{}, { time: 9e15 }].map((more) => by.creation(number, more))
      const [before, offer] = await Promise.all([
        sealedFlush(by, nothing(number), [first!]),
        sealedFlush(by, nothing(number), [second!]),
      ])
      return { ...offer, ...(before.offer && { before: before.offer }) }
    },
  },

  {
    name: 'write without the capability',
    reason: 'unauthorised',
    needsLogin: true,
    make: async (by) => {
      const number = by.next()
      const told = await sealedFlush(by, nothing(number), [by.creation(number)])
      return { ...told, may: ['read', 'publish', 'migrate'] }
    },
  },
  {
    name: 'publication without the capability',
    reason: 'unauthorised',
    needsLogin: true,
    make: async (by) => {
      const number = by.next()
      const told = await sealedFlush(by, nothing(number), [by.publication(number)])
      return { ...told, may: ['read', 'write', 'migrate'] }
    },
  },
  {
    name: 'migration without the capability',
    reason: 'unauthorised',
    needsLogin: true,
    make: async (by) => {
      const looked = by.looked()
      if (!looked) return undefined
      const { type, entityId, heads: canonical } = looked
      const number = by.next()
      const update = by.update(number, { type, entityId, canonical, kind: 'migrate' })
      const told = await sealedFlush(by, { ...nothing(number), ...by.read }, [update])
      return { ...told, may: ['read', 'write', 'publish'] }
    },
  },
  {
    name: 'bind without the capability to read',
    refused: 'this person may not read here: the capability read is withheld',
    needsLogin: true,
    make: async (by) => ({ bind: by.opening, may: ['write'] }),
  },
]
