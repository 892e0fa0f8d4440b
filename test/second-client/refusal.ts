// Owns: saying no. Whatever breaks a rule of SPEC is thrown as a Refusal that names the rule, and the
// parts of untrusted JSON are read here, each with the rule that says what they must be.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

export class Refusal extends Error {
  readonly rule: string

  constructor(rule: string, why: string) {
    super(`${rule}: ${why}`)
    this.rule = rule
  }
}

export function demand(holds: boolean, rule: string, why: string): asserts holds {
  if (!holds) throw new Refusal(rule, why)
}

/** A list of at most so many elements; what is missing at its end is undefined. */
export function list(value: Json | undefined, rule: string, most = Infinity): Json[] {
  demand(Array.isArray(value) && value.length <= most, rule, 'not such a list')
  return value
}

export function count(value: Json | undefined, rule: string): number {
  demand(Number.isSafeInteger(value) && (value as number) >= 0, rule, 'not a count')
  return value as number
}

export function counts(value: Json | undefined, rule: string): number[] {
  return list(value, rule).map((each) => count(each, rule))
}

export function text(value: Json | undefined, rule: string): string {
  demand(typeof value === 'string', rule, 'not a text')
  return value
}

export function object(value: Json | undefined, rule: string): { [key: string]: Json } {
  const plain = typeof value === 'object' && value !== null && !Array.isArray(value)
  demand(plain, rule, 'not an object')
  return value
}

export function parse(value: string, rule: string): Json {
  try {
    return JSON.parse(value) as Json
  } catch {
    throw new Refusal(rule, 'not JSON')
  }
}
