// Owns: the proof that each rule of tidy can fail. A small healthy tree passes every rule; one
// wrong file at a time must be found.

import { expect, test } from 'vitest'
import {
  exportedFunctionsHaveDocs,
  mainDoorStaysSmall,
  mainDoorValuesMax,
  publicNamesHaveDocs,
} from './doors.ts'
import {
  assertedFolders,
  functionLinesMax,
  functionsStayShort,
  nonNullsHaveReasons,
  stepsAssert,
} from './functions.ts'
import {
  coreImportsOneWay,
  noCycles,
  packagesKnowDoors,
  platformsStayApart,
  publishedImportsAreDeclared,
} from './imports.ts'
import { repositoryOf, type Repository } from './repository.ts'
import { parse } from './source.ts'
import { rulesHaveTests } from './spec.ts'
import {
  everyTestRuns,
  filesStayShort,
  linksLeadSomewhere,
  noMachinePaths,
  sizesAreBytes,
  typesStayOn,
} from './text.ts'
import { glossary, oneMeaningAWord, typesHaveOwnNames } from './words.ts'

type Rule = (repository: Repository) => string[]
type Tree = Readonly<Record<string, string>>

const doors = (name: string, ...subpaths: string[]): string =>
  JSON.stringify({
    name: `@countersign/${name}`,
    exports: Object.fromEntries(
      ['', ...subpaths].map((path) => [
        path === '' ? '.' : `./${path}`,
        { '@countersign/source': `./src/${path === '' ? '' : `${path}/`}index.ts` },
      ]),
    ),
    dependencies: name === 'core' ? { zustand: '^5.0.0' } : { '@countersign/core': 'workspace:*' },
    peerDependencies: name === 'react' ? { react: '^19.0.0' } : {},
  })

const healthy: Tree = {
  'README.md':
    '# The map\n\nSee [core](packages/core/src/index.ts), [map](#the-map), `packages/core/src/base/`.\n' +
    'A door is `core/ports`, a host is `example.org/x`.\n',
  'packages/core/package.json': doors('core', 'inspect', 'testing'),
  'packages/core/src/index.ts': "export * from './client/replica.ts'\n",
  'packages/core/src/base/a.ts': '// import { x } from "../fold/fold.ts"\nexport const a = 1\n',
  'packages/core/src/inspect/index.ts': "export type { A } from '../facts/m.ts'\n",
  'packages/core/src/facts/m.ts':
    "import { a } from '../base/a.ts'\n/** Why there is one. */\nexport type A = typeof a\n",
  'packages/core/src/fold/fold.ts':
    "import type { A } from '../inspect/index.ts'\nexport const f: A = 1\n",
  'packages/core/src/fold/fold.test.ts':
    "import { t } from '../testing/index.ts'\ntest('t', () => t)\n",
  'packages/core/src/client/replica.ts':
    "import { f } from '../fold/fold.ts'\nimport { createStore } from 'zustand/vanilla'\n",
  'packages/core/src/testing/index.ts':
    "import '../client/replica.ts'\n/** For tests. */\nexport const t = 1\n",
  'packages/react/package.json': doors('react'),
  'packages/react/src/index.ts': "import '@countersign/core'\nimport { useState } from 'react'\n",
  'packages/reviewer/package.json': doors('reviewer'),
  'packages/reviewer/src/index.ts': "import 'node:fs'\nimport '@countersign/core'\n",
  'packages/reviewer/tsdown.config.ts': "import { library } from '../../tsdown.base.ts'\n",
  'devtools/package.json': doors('devtools'),
  'devtools/src/index.ts': "import '@countersign/core/inspect'\n",
  'apps/board/main.ts': "import '@countersign/devtools'\nimport '@countersign/react'\n",
  'test/x.test.ts': "import '@countersign/reviewer'\ntest.skipIf(!hasPostgres)('x', () => {})\n",
  'tsdown.base.ts': 'export {}\n',
  'packages/core/SPEC.md': '# Rules\n\n- **ADM1** One.\n- **ADM2** Another,\n  like ADM9.\n',
  'test/rules.test.ts':
    "test('ADM1, S17 one', () => {})\ntest.each([['ADM2 %s', 1]])('%s', () => 'not ADM3')\n",
  [glossary]: [
    '| word | meaning | not |',
    '| --- | --- | --- |',
    '| outbox | my messages without a verdict | queue, batch |',
    '| flush | messages that are sealed together | batch, own batch |',
    '| batch | accepted messages of one commit | |',
    '',
    '| word | also means | in names of |',
    '| --- | --- | --- |',
    '| queue | of the platform | `src/base/queue.ts` |',
    '',
  ].join('\n'),
  'packages/core/src/base/queue.ts': 'let queueMicrotask\n',
  'packages/core/src/sync/batches.ts': 'let { queue } = batches\n',
  ...Object.fromEntries(
    assertedFolders.map((folder) => [`packages/core/src/${folder}/step.ts`, 'assert(true)\n']),
  ),
}

const ownNames: Rule = (repository) => typesHaveOwnNames(repository, {})

function without(repository: Repository, file: string): Repository {
  const files = repository.files.filter((each) => each !== file)
  return repositoryOf(Object.fromEntries(files.map((each) => [each, repository.text(each)])))
}

const longFunction = `${'\n'.repeat(functionLinesMax)}}`
const manyValues = Array.from({ length: mainDoorValuesMax + 1 }, (_, i) => `v${i}`)

const rules: readonly Rule[] = [
  coreImportsOneWay,
  noCycles,
  packagesKnowDoors,
  platformsStayApart,
  publishedImportsAreDeclared,
  filesStayShort,
  functionsStayShort,
  stepsAssert,
  nonNullsHaveReasons,
  mainDoorStaysSmall,
  publicNamesHaveDocs,
  exportedFunctionsHaveDocs,
  everyTestRuns,
  typesStayOn,
  noMachinePaths,
  sizesAreBytes,
  linksLeadSomewhere,
  oneMeaningAWord,
  ownNames,
  rulesHaveTests,
]

test.each(rules.map((rule) => [rule.name, rule] as const))(
  'a healthy tree passes %s',
  (_, rule) => {
    expect(rule(repositoryOf(healthy))).toEqual([])
  },
)

const core = 'packages/core/src/'
const broken: readonly (readonly [string, Rule, string, string])[] = [
  ['a later folder', coreImportsOneWay, `${core}base/b.ts`, "import { f } from '../fold/fold.ts'"],
  [
    'a later type',
    coreImportsOneWay,
    `${core}base/b.ts`,
    "import type { F } from '../fold/fold.ts'",
  ],
  ['a later re-export', coreImportsOneWay, `${core}base/l.ts`, "export * from '../fold/fold'"],
  [
    'a later import()',
    coreImportsOneWay,
    `${core}base/l.ts`,
    "type F = import('../fold/fold.ts').F",
  ],
  ['inspect looking up', coreImportsOneWay, `${core}inspect/i.ts`, "import '../fold/fold.ts'"],
  ['message emitting', coreImportsOneWay, `${core}facts/n.ts`, "import '../inspect/index.ts'"],
  ['testing in a source', coreImportsOneWay, `${core}fold/g.ts`, "import '../testing/index.ts'"],
  ['the main entry', coreImportsOneWay, `${core}fold/g.ts`, "import { x } from '../index.ts'"],
  ['a new folder', coreImportsOneWay, `${core}helpers/h.ts`, 'export {}'],
  ['a file outside folders', coreImportsOneWay, `${core}utils.ts`, 'export {}'],
  ['a cycle', noCycles, `${core}base/a.ts`, "import type { A } from '../facts/m.ts'"],
  ['a cycle of one', noCycles, 'test/self.ts', "import './self.ts'"],
  ['a cycle over packages', noCycles, `${core}base/a.ts`, "import '@countersign/core'"],
  ['core by name', packagesKnowDoors, `${core}base/b.ts`, "import '@countersign/core/inspect'"],
  [
    'a deep path',
    packagesKnowDoors,
    'packages/react/src/x.ts',
    "import '@countersign/core/src/a.ts'",
  ],
  [
    'a relative deep path',
    packagesKnowDoors,
    'packages/react/src/x.ts',
    "import '../../core/src/index.ts'",
  ],
  ['a neighbour', packagesKnowDoors, 'packages/react/src/x.ts', "import '@countersign/reviewer'"],
  ['devtools too curious', packagesKnowDoors, 'devtools/src/x.ts', "import '@countersign/core'"],
  [
    'devtools in a package',
    packagesKnowDoors,
    'packages/react/src/x.ts',
    "import '@countersign/devtools'",
  ],
  ['test in an app', packagesKnowDoors, 'apps/board/x.ts', "import '../../test/helper.ts'"],
  ['React in the reviewer', platformsStayApart, 'packages/reviewer/src/x.ts', "import 'react'"],
  [
    'React behind zustand',
    platformsStayApart,
    `${core}rows/x.ts`,
    "import { create } from 'zustand'",
  ],
  ['Node in core', platformsStayApart, `${core}rows/x.ts`, "import { readFile } from 'node:fs'"],
  [
    'a dev tool shipped',
    publishedImportsAreDeclared,
    `${core}rows/x.ts`,
    "import { z } from 'zod'",
  ],
  ['a long file', filesStayShort, `${core}rows/x.ts`, 'a\n'.repeat(501)],
  ['a long function', functionsStayShort, `${core}rows/x.ts`, `function f() {${longFunction}`],
  ['a long arrow', functionsStayShort, 'apps/board/x.ts', `const f = () => {${longFunction}`],
  ['a long method', functionsStayShort, 'devtools/x.ts', `class A { f() {${longFunction} }`],
  ['a long helper', functionsStayShort, 'test/helper.ts', `function f() {${longFunction}`],
  ['no asserts', stepsAssert, `${core}${assertedFolders[0]}/step.ts`, 'export {}'],
  ['few asserts', stepsAssert, `${core}${assertedFolders[0]}/x.ts`, 'a\n'.repeat(200)],
  ['an unexplained !', nonNullsHaveReasons, `${core}rows/x.ts`, 'const a = b!'],
  ['a ! of a first', nonNullsHaveReasons, `${core}rows/x.ts`, 'const a = b[0]!'],
  ['a ! of a key', nonNullsHaveReasons, `${core}rows/x.ts`, 'const a = (k) => b.get(k)!'],
  ['a definite !', nonNullsHaveReasons, `${core}rows/x.ts`, 'let a!: number'],
  ['a far comment', nonNullsHaveReasons, `${core}rows/x.ts`, '// Why.\n\nconst a = b!'],
  [
    'a look elsewhere',
    nonNullsHaveReasons,
    `${core}rows/x.ts`,
    'const a = () => b.length\nconst c = () => b[0]!',
  ],
  [
    'many values',
    mainDoorStaysSmall,
    `${core}index.ts`,
    `export const ${manyValues.map((name) => `${name} = 1`).join()}`,
  ],
  ['a name without a doc', publicNamesHaveDocs, `${core}index.ts`, 'export const x = 1'],
  ['a type without a doc', publicNamesHaveDocs, `${core}index.ts`, 'export interface X {}'],
  ['a line for a doc', publicNamesHaveDocs, `${core}index.ts`, '// Why.\nexport const x = 1'],
  ['a far doc', publicNamesHaveDocs, `${core}index.ts`, '/** Why. */\nlet y\nexport let x'],
  [
    'a doc of the name',
    publicNamesHaveDocs,
    `${core}index.ts`,
    '/** The store options. */\nexport type StoreOptions = 1',
  ],
  [
    'a function without a doc',
    exportedFunctionsHaveDocs,
    `${core}rows/x.ts`,
    'export function f() {}',
  ],
  ['no doc behind a door', publicNamesHaveDocs, `${core}facts/m.ts`, 'export type A = 1'],
  ['only', everyTestRuns, 'test/y.test.ts', "describe.only('y', () => {})"],
  ['a skipped test', everyTestRuns, 'test/y.test.ts', "test.concurrent.skip('y', () => {})"],
  ['xit', everyTestRuns, 'test/y.test.ts', "xit('y', () => {})"],
  ['ts-ignore', typesStayOn, 'apps/board/x.ts', '// @ts-ignore\nlet x: 1 = 2'],
  ['as any', typesStayOn, `${core}rows/x.ts`, 'export const x = y as any'],
  ['a machine path', noMachinePaths, 'test/y.json', ['', 'home', 'me', 'x'].join('/')],
  ['a length as bytes', sizesAreBytes, `${core}rows/x.ts`, 'const packedBytes = packed.length'],
  ['lengths added up', sizesAreBytes, `${core}rows/x.ts`, 'this.#bytes += flush.packed.length'],
  ['a bound in bytes', sizesAreBytes, 'apps/x.ts', 'if (text.length > fileBytesMax) refuse()'],
  ['a bound the other way', sizesAreBytes, 'apps/x.ts', 'if (FILE_BYTES_MAX < text.length) no()'],
  [
    'a size in an object',
    sizesAreBytes,
    'devtools/x.ts',
    'export const size = () => ({ bytes: text.length })',
  ],
  [
    'a brand on a length',
    sizesAreBytes,
    `${core}rows/x.ts`,
    'export const size = () => text.length as Bytes',
  ],
  ['a length wrapped', sizesAreBytes, `${core}rows/x.ts`, 'size(bytesOf(this.text.length))'],
  ['a dead link', linksLeadSomewhere, 'packages/core/SPEC.md', '[x](../../nowhere.md)'],
  ['a dead anchor', linksLeadSomewhere, 'packages/core/SPEC.md', '[x](../../README.md#nowhere)'],
  ['a dead reference', linksLeadSomewhere, 'packages/core/SPEC.md', '[x]: nowhere.md'],
  ['a dead path', linksLeadSomewhere, 'packages/core/SPEC.md', 'Open `packages/core/src/gone.ts`.'],
  ['a rival', oneMeaningAWord, `${core}sync/x.ts`, 'export function drainQueue() {}'],
  ['a rival in capitals', oneMeaningAWord, `${core}sync/x.ts`, 'const QUEUES_MAX = 1'],
  ['a rival of two words', oneMeaningAWord, `${core}sync/x.ts`, 'const f = (ownBatches) => 1'],
  ['a rival as a member', oneMeaningAWord, 'devtools/src/x.ts', 'class A { #queue = 1 }'],
  ['a rival as a type', oneMeaningAWord, `${core}sync/x.ts`, 'interface QueueParts {}'],
  ['a rival in a type', oneMeaningAWord, `${core}sync/x.ts`, 'type A = { queue(): void }'],
  ['a rival as an alias', oneMeaningAWord, `${core}sync/x.ts`, 'let { a: [queue] } = b'],
  ['a sense that is not used', oneMeaningAWord, `${core}base/queue.ts`, 'export {}'],
  ['no glossary', (all) => oneMeaningAWord(without(all, glossary)), `${core}x.ts`, 'export {}'],
  ['a second type of a name', ownNames, `${core}sync/x.ts`, 'export class A {}'],
  ['a rule without a test', rulesHaveTests, 'packages/core/spec/texts.md', '- **FACT1** A text.'],
  [
    'a rule that only a comment quotes',
    rulesHaveTests,
    'test/rules.test.ts',
    "// ADM1 'ADM1 one'\ntest('ADM2 another, not ADM1', () => {})",
  ],
  ['a title of no rule', rulesHaveTests, 'test/y.test.ts', "test('ADM1, ADM3 one', () => {})"],
  [
    'a title of no rule in a table',
    rulesHaveTests,
    'test/y.test.ts',
    'test.each([[`ADM3 ${one}`, 1]])("%s", () => {})',
  ],
  ['a dead nearby path', linksLeadSomewhere, 'packages/core/SPEC.md', 'Open `src/gone.ts`.'],
]

test.each(broken)('%s is found', (_, rule, file, text) => {
  expect(rule(repositoryOf({ ...healthy, [file]: text }))).not.toEqual([])
})

const allowed: readonly (readonly [string, Rule, string, string])[] = [
  ['a long test', functionsStayShort, 'test/kit.ts', `test('x', () => {${longFunction})`],
  [
    'a suite in a function',
    functionsStayShort,
    'test/contract/x.ts',
    `export function contract() { describe.skipIf(x)('x', () => {${longFunction}) }`,
  ],
  ['a reason above', nonNullsHaveReasons, `${core}rows/x.ts`, '// Why.\nconst a = b!'],
  ['a reason behind', nonNullsHaveReasons, `${core}rows/x.ts`, 'const a = b! // Why.'],
  ['a computed index', nonNullsHaveReasons, `${core}rows/x.ts`, 'const a = b[i + 1]!'],
  [
    'a length that was looked at',
    nonNullsHaveReasons,
    `${core}rows/x.ts`,
    'const f = (b) => (b.length === 0 ? 0 : b.at(-1)!)',
  ],
  [
    'a key that was looked up',
    nonNullsHaveReasons,
    `${core}rows/x.ts`,
    'const f = (k) => b.has(k) && b.get(k)!',
  ],
  [
    'many types',
    mainDoorStaysSmall,
    `${core}index.ts`,
    manyValues.map((name) => `export type ${name} = 1`).join('\n'),
  ],
  [
    'a doc behind two doors',
    publicNamesHaveDocs,
    `${core}index.ts`,
    "import { b } from './base/b.ts'\nexport { b as c }\nexport * from './inspect/index.ts'",
  ],
  [
    'a doc at the first of several signatures',
    exportedFunctionsHaveDocs,
    `${core}rows/x.ts`,
    '/** Why. */\nexport function f(): void\nexport function f(x?: 1) {}',
  ],
  [
    'a kit of tests',
    exportedFunctionsHaveDocs,
    `${core}rows/x.test-kit.ts`,
    'export function f() {}',
  ],
  ['a rival in a test', oneMeaningAWord, `${core}sync/x.test.ts`, 'let queue'],
  ['a rival of another', oneMeaningAWord, `${core}sync/x.ts`, 'queueMicrotask(() => a.queue)'],
  ['a part of a word', oneMeaningAWord, `${core}sync/x.ts`, 'let queuedness'],
  ['a type of its own file', ownNames, `${core}sync/x.ts`, 'interface A {}'],
  ['a value of that name', ownNames, `${core}sync/x.ts`, 'export const A = 1'],
  ['a name of another package', publicNamesHaveDocs, `${core}index.ts`, "export { x } from 'y'"],
]

test.each(allowed)('%s is allowed', (_, rule, file, text) => {
  const more = { [`${core}base/b.ts`]: '/** Why. */\nexport const b = 1\n' }
  expect(rule(repositoryOf({ ...healthy, ...more, [file]: text }))).toEqual([])
})

test('findings name the file and the line', () => {
  const file = `${core}rows/x.ts`
  const found = (rule: Rule, text: string): string[] =>
    rule(repositoryOf({ ...healthy, [file]: text }))
  expect(found(noCycles, "\nimport './x.ts'")).toEqual([`${file}:2: a cycle: ${file} -> ${file}`])
  expect(found(functionsStayShort, `\nfunction f() {${longFunction}`)).toEqual([
    `${file}:2: f has ${functionLinesMax + 1} lines, at most ${functionLinesMax}`,
  ])
  expect(found(nonNullsHaveReasons, '\n\nconst a = b!')).toEqual([
    `${file}:3: "b!" gives no reason`,
  ])
  expect(found(oneMeaningAWord, '\nlet sendQueue')).toEqual([
    `${file}:2: sendQueue says queue, for which we say outbox`,
  ])
})

test('a long file needs a reason, a short one needs no entry', () => {
  const file = `${core}rows/x.ts`
  const long = repositoryOf({ ...healthy, [file]: 'a\n'.repeat(501) })
  expect(filesStayShort(long, { [file]: 'one table' })).toEqual([])
  expect(filesStayShort(long, { [file]: ' ' })).not.toEqual([])
  expect(filesStayShort(repositoryOf(healthy), { [`${core}base/a.ts`]: 'x' })).not.toEqual([])
  expect(filesStayShort(repositoryOf(healthy), { 'packages/core/src/gone.ts': 'x' })).not.toEqual(
    [],
  )
})

test('a shared name needs a reason, a name of its own needs no entry', () => {
  const shared = repositoryOf({ ...healthy, [`${core}sync/x.ts`]: '\nexport interface A {}' })
  expect(typesHaveOwnNames(shared, {})).toEqual([
    `${core}facts/m.ts:3: A is also at ${core}sync/x.ts:2`,
  ])
  expect(typesHaveOwnNames(shared, { A: 'another form' })).toEqual([])
  expect(typesHaveOwnNames(repositoryOf(healthy), { A: 'another form' })).not.toEqual([])
})

test('imports are read past comments, strings, templates, regular expressions and JSX', () => {
  const text = [
    "import a, { type B } from 'a'",
    'import {\n  c, // from "no1"\n  d,\n} from "b"',
    "export type { E } from 'c' /* import 'no2' */",
    "const quote = /['\"`]\\//, half = x / 2 // '",
    'const text = "import \'no3\'", more = \'import("no4")\'',
    "const tree = `import 'no5' ${`${await import('d')}`} import 'no6'`",
    "const view = <p title='x'>don't import from here</p>",
    "import 'e'",
    "const f = (): typeof import('f') => require('g')",
    "const rows = select().from('no7')",
  ].join('\n')
  const { imports } = parse('view.tsx', text)
  expect(imports.map(({ name }) => name).toSorted()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'])
  expect(imports.find(({ name }) => name === 'b')?.line).toBe(5)
})

test('code is the text without comments, strings, templates and regular expressions', () => {
  const { code } = parse('x.ts', "const a = 'b' // c\nconst d = `e${f}g`, h = /i/u /* j\n */ + k")
  expect(code.match(/\w+/g)).toEqual(['const', 'a', 'const', 'd', 'f', 'h', 'u', 'k'])
  expect(code.split('\n').length).toBe(3)
})

test('a file that does not parse is named', () => {
  expect(() => parse('x.ts', 'const = 1')).toThrow('x.ts does not parse')
})
