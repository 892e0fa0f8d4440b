/** Translates values by functions of the app. */
import { type Json, frozenJson, jsonFault } from '../../../base/json.ts'
import { INVALID, type Move, type Moves, plain } from '../moves.ts'
import { nameFault } from '../names.ts'
import type { CodeStep } from '../step.ts'
import type { StepRule } from '../step-rule.ts'
import { backport, lossy } from './values.ts'

const CODE_NAME_LENGTH_MAX = 128

export const CODE: StepRule<CodeStep> = {
  op: 'code',
  needs: { field: nameFault, name: codeNameFault },
  may: { up: functionFault, down: functionFault, lossy, backport },
  meaning: ({ up, down }) => (!up === !down ? undefined : 'it needs both up and down'),
  moves: codeMoves,
}

function codeNameFault(name: unknown): string | undefined {
  const good = typeof name === 'string' && name.length > 0 && name.length <= CODE_NAME_LENGTH_MAX
  return good && name.isWellFormed()
    ? undefined
    : `code has a name of 1 to ${CODE_NAME_LENGTH_MAX} characters`
}

function functionFault(run: unknown): string | undefined {
  return typeof run === 'function' ? undefined : 'it is not a function'
}

function codeMoves(step: CodeStep): Moves | 'opaque' {
  const { up, down } = step
  if (!up || !down) return 'opaque'
  return { up: guarded(up), down: guarded(down) }
}

/** A throwing or wrong function of the app must not hide the row. */
function guarded(run: (value: Json) => Json): Move {
  return (value) => {
    try {
      const made: unknown = run(value)
      if (made instanceof Promise) made.catch(() => {}) // rejected below; its failure is ignored
      return jsonFault(made) === undefined ? plain(frozenJson(made as Json)) : INVALID
    } catch {
      return INVALID
    }
  }
}
