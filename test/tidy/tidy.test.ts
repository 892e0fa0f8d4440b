// Owns: holding this repository to its own rules. A rule that finds something prints each finding.

import { expect, test } from 'vitest'
import { exportedFunctionsHaveDocs, mainDoorStaysSmall, publicNamesHaveDocs } from './doors.ts'
import { functionsStayShort, nonNullsHaveReasons, stepsAssert } from './functions.ts'
import {
  coreImportsOneWay,
  noCycles,
  packagesKnowDoors,
  platformsStayApart,
  publishedImportsAreDeclared,
} from './imports.ts'
import { repositoryOnDisk } from './repository.ts'
import { rulesHaveTests } from './spec.ts'
import {
  everyTestRuns,
  filesStayShort,
  linksLeadSomewhere,
  noMachinePaths,
  sizesAreBytes,
  typesStayOn,
} from './text.ts'
import { oneMeaningAWord, typesHaveOwnNames } from './words.ts'

const repository = repositoryOnDisk(new URL('../..', import.meta.url).pathname)

test('the repository is read at all', () => {
  expect(repository.has('packages/core/src/index.ts')).toBe(true)
  expect(repository.sources.length).toBeGreaterThan(20)
})

test.each([
  ['core imports one way', coreImportsOneWay],
  ['no import cycles, types included', noCycles],
  ['packages know doors only', packagesKnowDoors],
  ['React and Node stay where they belong', platformsStayApart],
  ['published imports are declared', publishedImportsAreDeclared],
  ['source files stay short', filesStayShort],
  ['functions stay short', functionsStayShort],
  ['steps assert', stepsAssert],
  ['a non-null assertion has a reason', nonNullsHaveReasons],
  ["core's main door stays small", mainDoorStaysSmall],
  ['public names have docs', publicNamesHaveDocs],
  ['exported functions have docs', exportedFunctionsHaveDocs],
  ['every test runs', everyTestRuns],
  ['types stay on', typesStayOn],
  ['no paths of a machine', noMachinePaths],
  ['sizes are bytes', sizesAreBytes],
  ['links and paths in Markdown lead somewhere', linksLeadSomewhere],
  ['one meaning a word', oneMeaningAWord],
  ['types have names of their own', typesHaveOwnNames],
  ['rules of the specification have tests', rulesHaveTests],
] as const)('%s', (_, rule) => {
  expect(rule(repository)).toEqual([])
})
