/** The steps that change no value. */
import { nameFault } from '../names.ts'
import type { AddStep, RemoveStep, RenameStep } from '../step.ts'
import type { StepRule } from '../step-rule.ts'
import { valueFault } from './values.ts'

export const ADD: StepRule<AddStep> = {
  op: 'add',
  needs: { field: nameFault },
  may: { default: valueFault },
  moves: () => 'identity',
}

export const REMOVE: StepRule<RemoveStep> = {
  op: 'remove',
  needs: { field: nameFault },
  may: { default: valueFault },
  moves: () => 'identity',
}

export const RENAME: StepRule<RenameStep> = {
  op: 'rename',
  needs: { field: nameFault, to: nameFault },
  may: {},
  meaning: ({ field, to }) => (field === to ? `${field} has this name already` : undefined),
  moves: () => 'identity',
}
