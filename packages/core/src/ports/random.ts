/** Randomness. Must be unpredictable in production: session ids and salts come from it. */
export interface Random {
  /** `count` fresh random bytes. */
  bytes(count: number): Uint8Array
  /** A number in [0, 1), for jitter. */
  unit(): number
}
