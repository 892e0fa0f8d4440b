/** The rules of all steps, for what reads received chains. */
import { provide } from '../step-rule.ts'
import { ADD, REMOVE, RENAME } from './basic.ts'
import { CODE } from './code.ts'
import { FORMAT } from './format.ts'
import { MAP } from './map.ts'
import { HEAD, HOIST, NEST, WRAP } from './nesting.ts'
import { SCALE } from './scale.ts'

/** Makes every step known to this process. Idempotent. */
export function provideAll(): void {
  provide(ADD, REMOVE, RENAME, MAP, SCALE, FORMAT, WRAP, HEAD, NEST, HOIST, CODE)
}
