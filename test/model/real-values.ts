/**
 * Values as people and programs really write them: every script, emoji that are one sign and
 * many characters, control characters, numbers of every form, dates, deep objects, texts up to
 * the bound. Each says its kind, so that a run can tell which kinds it has reached.
 */
import type { Random } from './random.ts'

export type RealJson =
  | null
  | boolean
  | number
  | string
  | readonly RealJson[]
  | { readonly [key: string]: RealJson }

/** UTF-8 bytes of one text, and levels of nesting, that core takes at the most. */
const TEXT_BYTES_MAX = 65_536
const DEPTH_MAX = 16
/** Levels of an ordinary value. */
const LEVELS = 3

/** Words of many scripts; with combining marks, and from right to left. */
const SCRIPTS = {
  Latin: ['straße', 'Œuvre', 'naïve', 'İstanbul', 'Ångström', 'fi'],
  'Latin with combining marks': [
    'e\u0301te\u0301',
    'A\u030angstro\u0308m',
    'Việt Nam',
    'q\u0323\u0307',
  ],
  Cyrillic: ['Привет, мир', 'ёлка', 'Ґанок'],
  Greek: ['Ελλάδα', 'ΣΊΣΥΦΟΣ', 'σίσυφος'],
  Arabic: ['مرحبا بالعالم', 'كِتَابٌ', '٣٫١٤'],
  Hebrew: ['שָׁלוֹם', 'שלום world'],
  Devanagari: ['नमस्ते', 'क्षत्रिय'],
  Thai: ['สวัสดี', 'น้ำใจ'],
  Chinese: ['你好，世界', '漢字', '𠮷野家'],
  Japanese: ['こんにちは', 'ｶﾞｷﾞ', '東京タワー'],
  Korean: ['안녕하세요', '\u1112\u1161\u11ab'],
} as const satisfies Record<string, readonly string[]>

type Script = keyof typeof SCRIPTS
const SCRIPT_NAMES = Object.keys(SCRIPTS) as readonly Script[]

const EMOJI = ['👩‍👩‍👧‍👦', '🏳️‍🌈', '👍🏽', '🇺🇳🇩🇪', '1️⃣', '😀', '❤️']
const LINE_BREAKS = ['a\u2028b', '\u2029', 'first\r\nsecond', '\u0085']
const CONTROLS = [
  '\u0000',
  'a\u0000b',
  '\u0007\u001b[31m',
  '\u007f',
  '\ufeffmark',
  '\u202eabc',
  '\uffff',
]
const QUOTES = ['"', '\\', '</script>', "'; --", '${x}', '%s', '{"$unset":true}', '[]']
const HALVES = ['\ud800', 'a\udc00', '\ude00\ud83d', 'x\ud83d']
const DATES = [
  '2024-02-29T23:59:60Z',
  '0001-01-01',
  '-271821-04-20T00:00:00.000Z',
  '2026-11-29T22:32:43.123+14:00',
]
const NUMBERS = [
  1e20,
  1e21,
  1e-7,
  0.1,
  -0,
  2 ** 53 - 1,
  -(2 ** 53) + 1,
  5e-324,
  1.7976931348623157e308,
  0.1 + 0.2,
  1e300,
]
const KEYS = [
  '',
  ' ',
  'name',
  'ключ',
  '鍵',
  '0',
  '-1',
  'toString',
  'hasOwnProperty',
  '😀',
  'a.b',
  'a\u0000',
]

/** All kinds that `RealValues` tells of. */
export const VALUE_KINDS: readonly string[] = [
  ...SCRIPT_NAMES,
  'emoji',
  'line separators',
  'control characters',
  'quotes',
  'several scripts',
  'empty text',
  'long text',
  'text to the bound',
  'date',
  'number',
  'boolean',
  'null',
  'list',
  'object',
  'object to the depth bound',
  'half of a surrogate pair',
]

export class RealValues {
  readonly #random: Random
  readonly #hit: (kind: string) => void
  readonly #hasLong: boolean

  /** @param hasLong whether some texts are long. */
  constructor(random: Random, hit: (kind: string) => void, hasLong: boolean) {
    this.#random = random
    this.#hit = hit
    this.#hasLong = hasLong
  }

  text(): string {
    const roll = this.#random.unit()
    if (this.#hasLong && roll < 0.04) return this.#long()
    if (roll < 0.5) return this.#script()
    if (roll < 0.62) return this.#of('emoji', EMOJI)
    if (roll < 0.7) return this.#of('line separators', LINE_BREAKS)
    if (roll < 0.78) return this.#of('control characters', CONTROLS)
    if (roll < 0.84) return this.#of('quotes', QUOTES)
    if (roll < 0.9) return this.#of('date', DATES)
    if (roll < 0.95) return this.#of('empty text', [''])
    this.#hit('several scripts')
    return Array.from({ length: 4 }, () => this.#script()).join(' ')
  }

  number(): number {
    this.#hit('number')
    return this.#random.chance(0.7) ? this.#random.pick(NUMBERS) : this.#random.unit() * 1e6
  }

  integer(): number {
    this.#hit('number')
    return this.#random.pick([0, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 53 - 1, -(2 ** 53) + 1])
  }

  /** Anything that is JSON. */
  json(levels = LEVELS): RealJson {
    const roll = this.#random.unit()
    if (roll < 0.3) return this.text()
    if (roll < 0.5) return this.number()
    if (roll < 0.58) return this.#said('boolean', this.#random.chance(0.5))
    if (roll < 0.66) return this.#said('null', null)
    if (roll < 0.7 && levels === LEVELS)
      return this.#said('object to the depth bound', this.#deep())
    if (levels === 0) return this.text()
    const length = this.#random.between(0, 4)
    const parts = Array.from({ length }, () => this.json(levels - 1))
    if (roll < 0.85) return this.#said('list', parts)
    return this.#said(
      'object',
      Object.fromEntries(parts.map((part) => [this.#random.pick(KEYS), part])),
    )
  }

  /** A text that is none: whoever is given it must refuse it. */
  half(): string {
    return this.#of('half of a surrogate pair', HALVES)
  }

  #script(): string {
    const name = this.#random.pick(SCRIPT_NAMES)
    return this.#of(name, SCRIPTS[name])
  }

  #of(kind: string, texts: readonly string[]): string {
    return this.#said(kind, this.#random.pick(texts))
  }

  #said<T>(kind: string, value: T): T {
    this.#hit(kind)
    return value
  }

  /** Of one word again and again, so that it weighs one to four bytes a character. */
  #long(): string {
    const toBound = this.#random.chance(0.1)
    const word = this.#random.chance(0.2) ? this.#random.pick(EMOJI) : `${this.#script()} `
    const bytesMax = toBound ? TEXT_BYTES_MAX : this.#random.between(500, 8_000)
    this.#hit(toBound ? 'text to the bound' : 'long text')
    return word.repeat(Math.floor(bytesMax / Buffer.byteLength(word)))
  }

  /** The value of a field is the first level. */
  #deep(): RealJson {
    let value: RealJson = this.text()
    for (let level = 0; level < DEPTH_MAX; level++)
      value = level % 2 === 0 ? [value] : { [this.#random.pick(KEYS)]: value }
    return value
  }
}
