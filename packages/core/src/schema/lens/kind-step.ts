/** The step from one kind of a field to another, as a line of code to paste. */
import { alternativesOf, mergingKind } from './kind.ts'

/** Kinds that a `format` step converts between, and the forms to write in it. */
const FORMATS: readonly (readonly [was: string, is: string, forms: string])[] = [
  ['number', 'string', "'number', 'string'"],
  ['string', 'number', "'string', 'number'"],
  ['boolean', 'string', "'boolean', 'string'"],
  ['string', 'boolean', "'string', 'boolean'"],
  ['boolean', 'number', "'boolean', 'number'"],
  ['number', 'boolean', "'number', 'boolean'"],
  ['number', 'date', "'epochMs', 'isoDate'"],
  ['date', 'number', "'isoDate', 'epochMs'"],
]
/** Longer tables are not generated. */
const PAIRS_MAX = 8

/** `field` is quoted. Where the stored values need no step, the line is a comment. */
export function kindStep(field: string, was: string, is: string): string {
  const [had, has] = [mergingKind(was), mergingKind(is)]
  if (had !== has)
    return `remove(${field}), add('…'), // no step converts ${was} to ${is}: use a field of another name`
  if (had !== undefined) return `// ${field} needs no step: stored values do not change`
  const [before, after] = [alternativesOf(was), alternativesOf(is)]
  if (before.includes('undefined') && !after.includes('undefined')) {
    return `remove(${field}), add(${field}, …), // no step fills missing values: use a new field, or keep this one optional`
  }
  const [old, next] = [present(before), present(after)]
  const isSameAbsence = before.includes('null') === after.includes('null')
  if (isSameAbsence && asStored(old) === asStored(next)) {
    return `// ${field} needs no step: stored values do not change`
  }
  const plain = isSameAbsence ? plainStep(field, old, next) : undefined
  return (
    plain ??
    `code(${field}, { name: '…', up: (value) => …, down: (value) => … }), // from ${was} to ${is}`
  )
}

function plainStep(field: string, old: string, next: string): string | undefined {
  if (next === `list<${old}>`) return `wrap(${field}),`
  if (old === `list<${next}>`) return `head(${field}),`
  const forms = FORMATS.find(([from, to]) => from === old && to === next)
  if (forms) return `format(${field}, ${forms[2]}),`
  const [choices, others] = [alternativesOf(old), alternativesOf(next)]
  if (![...choices, ...others].every(isText) || choices.length > PAIRS_MAX) return undefined
  const pairs = choices.map((text) => `[${text}, ${others.includes(text) ? text : '…'}]`)
  return `map(${field}, ${field}, [${pairs.join(', ')}]),`
}

function present(kinds: readonly string[]): string {
  return kinds.filter((kind) => kind !== 'null' && kind !== 'undefined').join(' | ')
}

/** Ids and dates are stored as strings. */
function asStored(kind: string): string {
  return kind === 'date' || kind.startsWith('id of ') ? 'string' : kind
}

function isText(kind: string): boolean {
  return kind.startsWith('"') && kind.endsWith('"')
}
