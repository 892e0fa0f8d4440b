// Owns: the proof that each rule of tidy can fail. A small healthy tree passes every rule; one
// wrong file at a time must be found.

import { expect, test } from 'vitest'
import {
  coreImportsOneWay,
  noCycles,
  packagesKnowDoors,
  platformsStayApart,
  publishedImportsAreDeclared,
} from './imports.ts'
import { repositoryOf, type Repository } from './repository.ts'
import { parse } from './source.ts'
import {
  everyTestRuns,
  filesStayShort,
  linksLeadSomewhere,
  noMachinePaths,
  sizesAreBytes,
  typesStayOn,
} from './text.ts'

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
  'packages/core/src/facts/m.ts': "import { a } from '../base/a.ts'\nexport type A = typeof a\n",
  'packages/core/src/fold/fold.ts':
    "import type { A } from '../inspect/index.ts'\nexport const f: A = 1\n",
  'packages/core/src/fold/fold.test.ts':
    "import { t } from '../testing/index.ts'\ntest('t', () => t)\n",
  'packages/core/src/client/replica.ts':
    "import { f } from '../fold/fold.ts'\nimport { createStore } from 'zustand/vanilla'\n",
  'packages/core/src/testing/index.ts': "import '../client/replica.ts'\nexport const t = 1\n",
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
}

const rules: readonly Rule[] = [
  coreImportsOneWay,
  noCycles,
  packagesKnowDoors,
  platformsStayApart,
  publishedImportsAreDeclared,
  filesStayShort,
  everyTestRuns,
  typesStayOn,
  noMachinePaths,
  sizesAreBytes,
  linksLeadSomewhere,
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
  ['a size in an object', sizesAreBytes, 'devtools/x.ts', 'return { bytes: text.length }'],
  ['a brand on a length', sizesAreBytes, `${core}rows/x.ts`, 'return text.length as Bytes'],
  ['a length wrapped', sizesAreBytes, `${core}rows/x.ts`, 'size(bytesOf(this.text.length))'],
  ['a dead link', linksLeadSomewhere, 'packages/core/SPEC.md', '[x](../../nowhere.md)'],
  ['a dead anchor', linksLeadSomewhere, 'packages/core/SPEC.md', '[x](../../README.md#nowhere)'],
  ['a dead reference', linksLeadSomewhere, 'packages/core/SPEC.md', '[x]: nowhere.md'],
  ['a dead path', linksLeadSomewhere, 'packages/core/SPEC.md', 'Open `packages/core/src/gone.ts`.'],
  ['a dead nearby path', linksLeadSomewhere, 'packages/core/SPEC.md', 'Open `src/gone.ts`.'],
]

test.each(broken)('%s is found', (_, rule, file, text) => {
  expect(rule(repositoryOf({ ...healthy, [file]: text }))).not.toEqual([])
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
  expect(parse(text).imports.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'])
})
