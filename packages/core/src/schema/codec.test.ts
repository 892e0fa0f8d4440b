/** Holds the stored forms of values that JSON lacks. */
import { expect, test } from 'vitest'
import { bigint, bytes, date } from './codec.ts'
import { entity } from './entity.ts'
import { encodeField } from './field-input.ts'
import { decodeField } from './field.ts'

test.each([
  ['a date', date(), new Date(Date.UTC(2024, 1, 29, 12)), '2024-02-29T12:00:00.000Z'],
  ['a bigint', bigint(), -9_007_199_254_740_993n, '-9007199254740993'],
  ['bytes', bytes(), Uint8Array.of(251, 255, 0), '-_8A'],
] as const)('VER8 %s is stored in its form, and read back', (_, schema, value, stored) => {
  const field = entity('holder', { value: schema as never }).fields.get('value')!
  expect(encodeField(field, value)).toEqual({ ok: true, value: stored })
  expect(decodeField(field, stored)).toEqual(value)
})
