import { uuid4 } from '@countersign/core/message'

/** A random id. `crypto.randomUUID` is missing where a page has no secure context. */
export function freshId(): string {
  return uuid4(crypto.getRandomValues(new Uint8Array(16)))
}
