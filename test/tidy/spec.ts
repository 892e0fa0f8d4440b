// Owns: the rule that the specification and the tests name each other. Each rule of SPEC.md and its
// chapters is quoted by the title of a test, and each rule that a title quotes is in them.

import { Visitor } from 'vite'
import type { Repository } from './repository.ts'

const specification = /^packages\/core\/(?:SPEC|spec\/[\w-]+)\.md$/
const isTest = /\.(?:test|test-d|e2e)\.[jt]sx?$|^test\/contract\/.*\.ts$/
/** Where a rule is stated. */
const statement = /^- \*\*([A-Z]+\d+)\*\*/
/** The rules that a title begins with: `ADM4 …`, `ADM4, ADM5 …`. */
const quotation = /^[A-Z]+\d+(?:(?:,? | to )[A-Z]+\d+)*(?![\w.])/

interface Place {
  readonly id: string
  readonly at: string
}

/** Titles of tests quote the rules that they hold, and leave none out. */
export function rulesHaveTests(repository: Repository): string[] {
  const stated = repository.documents.filter((file) => specification.test(file))
  const rules = stated.flatMap((file) => statedIn(repository, file))
  const known = new Set(rules.map(({ id }) => id))
  const kinds = new Set(rules.map(({ id }) => kindOf(id)))
  const quoted = repository.sources
    .filter((file) => isTest.test(file))
    .flatMap((file) => quotedIn(repository, file))
    // Others are of the world, and of the threat model.
    .filter(({ id }) => kinds.has(kindOf(id)))
  const held = new Set(quoted.map(({ id }) => id))
  return [
    ...rules.filter(({ id }) => !held.has(id)).map(({ id, at }) => `${at}: ${id} has no test`),
    ...quoted.filter(({ id }) => !known.has(id)).map(({ id, at }) => `${at}: ${id} is no rule`),
  ]
}

function kindOf(id: string): string {
  return id.replace(/\d+$/, '')
}

function statedIn(repository: Repository, file: string): readonly Place[] {
  const lines = repository.text(file).split('\n')
  return lines.flatMap((line, index) => {
    const id = statement.exec(line)?.[1]
    return id === undefined ? [] : [{ id, at: `${file}:${index + 1}` }]
  })
}

/** By strings, as a title may be in a table of cases. */
function quotedIn(repository: Repository, file: string): readonly Place[] {
  const { program, lineAt } = repository.source(file)
  const found: Place[] = []
  const look = (text: unknown, start: number): void => {
    const [ids] = (typeof text === 'string' && quotation.exec(text)) || []
    const at = `${file}:${lineAt(start)}`
    for (const id of ids?.match(/[A-Z]+\d+/g) ?? []) found.push({ id, at })
  }
  new Visitor({
    Literal: ({ value, start }) => look(value, start),
    TemplateLiteral: ({ quasis, start }) => look(quasis[0]?.value.cooked, start),
  }).visit(program)
  return found
}
