import type { Planted } from '../plant.ts'

export const sessionReused: Planted = {
  name: 'session-reused',
  what: 'A store that is opened again continues an old session with its numbers.',
  edits: [
    {
      module: 'client/identity/identity.ts',
      from: 'return identityOf(space, whoami, platform)',
      to: "const kept = await place.disk.claim('sessionId', platform.random.bytes(16)); return identityOf(space, whoami, { random: { bytes: () => kept as Uint8Array<ArrayBuffer>, unit: () => 0 } })",
    },
  ],
  seed: 3,
}
