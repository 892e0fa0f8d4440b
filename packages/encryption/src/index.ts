/** The door of `@countersign/encryption`: keys, the cipher of encrypted fields, an encrypted storage. */
export { createKeyring, newKey } from './keyring.ts'
export type { Keyring, KeyringOptions } from './keyring.ts'
export { encryptedStorage } from './encrypted-storage.ts'
