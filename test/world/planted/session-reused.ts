import type { Planted } from '../plant.ts'

export const sessionReused: Planted = {
  name: 'session-reused',
  what: 'A store that is opened again goes on under an old session, and its numbers.',
  edits: [
    {
      module: 'client/identity/identity.ts',
      from: 'sessionId: uuid4(place.platform.random.bytes(16))',
      to: "sessionId: String(await place.disk.claim('sessionId', uuid4(place.platform.random.bytes(16))))",
    },
  ],
  seed: 3,
}
