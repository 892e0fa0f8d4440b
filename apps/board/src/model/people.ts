/**
 * A name and a colour derived from an id, the same on every device. An author is a throw-away key
 * without a real name; the derived name is only distinctive and easy to remember.
 */

export interface Person {
  readonly name: string
  readonly initials: string
  /** Degrees on the colour wheel. */
  readonly hue: number
}

const tempers = (
  'Amber Brave Calm Clever Coral Crisp Daring Eager ' +
  'Early Fair Gentle Golden Happy Hazel Ivory Jolly ' +
  'Keen Kind Lively Lucky Merry Misty Noble Olive ' +
  'Proud Quick Quiet Rosy Silver Sunny Velvet Witty'
).split(' ')
const animals = (
  'Badger Bison Crane Deer Dolphin Eagle Falcon Ferret ' +
  'Finch Fox Gecko Hare Heron Ibis Jay Koala ' +
  'Lark Lemur Lynx Magpie Marten Otter Owl Panda ' +
  'Puffin Raven Robin Seal Swan Tern Vole Wren'
).split(' ')

/** The step between hues, large enough to distinguish them. */
const hueStep = 24

const known = new Map<string, Person>()

export function personOf(id: string): Person {
  const seen = known.get(id)
  if (seen) return seen
  const hash = hashOf(id)
  const temper = tempers[hash % tempers.length] ?? ''
  const animal = animals[(hash >>> 5) % animals.length] ?? ''
  const person: Person = {
    name: `${temper} ${animal}`,
    initials: `${temper[0]}${animal[0]}`,
    hue: ((hash >>> 10) % (360 / hueStep)) * hueStep,
  }
  known.set(id, person)
  return person
}

/** FNV-1a with a finalizer, so that ids with one different character have different names and hues. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}
