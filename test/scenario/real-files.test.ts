/**
 * Real data files, as others have published them: countries in the scripts of the world, emoji with
 * their skin tones, and the lock file of this repository. All rows are imported, and are the same at a
 * second client and after a restart, with a reviewer that checks every value.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Entity, type SyncStore, entity, memoryStorage } from '@countersign/core'
import { type Json, canonical } from '@countersign/core/message'
import { afterEach, expect, it } from 'vitest'
import { z } from 'zod'
import { type Scene, scene } from './wire.ts'

const Country = entity('country', {
  code: z.string().length(2),
  language: z.string(),
  name: z.string().min(1),
  otherNames: z.array(z.string()),
})
const skin = z.object({ hexcode: z.string(), label: z.string(), unicode: z.string() })
const Emoji = entity(
  'emoji',
  z.object({
    language: z.string(),
    hexcode: z.string(),
    unicode: z.string(),
    label: z.string(),
    order: z.number().optional(),
    group: z.number().optional(),
    tags: z.array(z.string()).optional(),
    skins: z.array(skin.extend({ order: z.number().optional() })).optional(),
  }),
  { idPolicy: 'supplied' },
)
const Package = entity(
  'package',
  {
    name: z.string(),
    version: z.string(),
    integrity: z.string(),
    needs: z.record(z.string(), z.string()).optional(),
  },
  { idPolicy: 'supplied' },
)
const entities = [Country, Emoji, Package] as const

const COUNTRIES = 'am ar el he hi ja ka km ko ru zh'.split(' ')
const EMOJI = 'hi ja ru zh'.split(' ')
const EMOJI_EACH = 200

let open: Scene | undefined
afterEach(async () => {
  await open?.close()
  open = undefined
})

const published = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(import.meta.resolve(path)), 'utf8'))

/** The same name gives the same id, so the same file can be imported again. */
function idOf(...name: readonly string[]): string {
  const hex = createHash('sha256').update(name.join('\n')).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

function countries(language: string) {
  const file = published(`i18n-iso-countries/langs/${language}.json`) as {
    readonly countries: Readonly<Record<string, string | readonly string[]>>
  }
  return Object.entries(file.countries).map(([code, names]) => {
    const [name = '', ...otherNames] = [names].flat()
    return { code, language, name, otherNames }
  })
}

type EmojiRow = (typeof Emoji)['~input']

function emoji(language: string) {
  const file = published(`emojibase-data/${language}/compact.json`) as readonly EmojiRow[]
  // Every so many of the file, so that faces, hands with skin tones, flags and signs are all among them.
  const stride = Math.floor(file.length / EMOJI_EACH)
  return file
    .filter((_, at) => at % stride === 0)
    .map(({ hexcode, unicode, label, order, group, tags, skins }) => ({
      ...{ id: idOf(language, hexcode), language, hexcode, unicode, label, order, group, tags },
      skins: skins?.map((each) => ({
        ...{ hexcode: each.hexcode, label: each.label, unicode: each.unicode, order: each.order },
      })),
    }))
}

/** The packages of the lock file: `  name@version:` with its integrity, and what it needs. */
function lockedPackages() {
  const text = readFileSync(new URL('../../pnpm-lock.yaml', import.meta.url), 'utf8')
  const [, packages = '', snapshots = ''] = text.split(/^(?:packages|snapshots):$/m)
  const needs = new Map<string, Record<string, string>>()
  let name = ''
  for (const line of snapshots.split('\n')) {
    const key = /^ {2}'?([^\s'(]+)/.exec(line)?.[1]
    if (key !== undefined) name = key.replace(/:$/, '')
    const [, other, version] = /^ {6}'?([^\s']+?)'?: (\S+)$/.exec(line) ?? []
    if (other !== undefined) needs.set(name, { ...needs.get(name), [other]: version! })
  }
  return packages.split('\n\n').flatMap((entry) => {
    const [, full, integrity] = /^\n? {2}'?([^\s']+?)'?:\n.*integrity: ([^},]+)/.exec(entry) ?? []
    if (full === undefined) return []
    const at = full.lastIndexOf('@')
    return [
      {
        id: idOf(full),
        name: full.slice(0, at),
        version: full.slice(at + 1),
        integrity: integrity!,
        needs: needs.get(full),
      },
    ]
  })
}

/** All rows of a type, without ids that the store has minted, sorted by their texts. */
function shownBy(store: SyncStore, type: Entity): string[] {
  return textsOf(store.query(type).rows)
}

function textsOf(rows: readonly object[]): string[] {
  // As JSON, because an optional field without a value is no field. Canonical, because texts of
  // messages are: the keys of an object come back in their order.
  return (JSON.parse(JSON.stringify(rows)) as Readonly<Record<string, Json>>[])
    .map(({ id = '', ...fields }) => canonical('code' in fields ? fields : { ...fields, id }))
    .sort()
}

it('§22: countries, emoji and a lock file: all rows in, equal everywhere and after a restart', async () => {
  open = await scene({ entities })
  const storage = memoryStorage()
  const ann = await open.open({ entities, storage })
  const bob = await open.open({ entities })
  const files = [
    { type: Country, rows: COUNTRIES.flatMap(countries) },
    { type: Emoji, rows: EMOJI.flatMap(emoji) },
    { type: Package, rows: lockedPackages() },
  ]
  for (const { type, rows } of files) {
    expect(rows.length).toBeGreaterThan(400)
    expect(await ann.import<Entity>(type, rows)).toMatchObject({ rows: rows.length, skipped: 0 })
  }
  await open.settle()
  expect(ann.refused.snapshot()).toEqual([])
  const seq = open.reviewer.state.seq
  await ann.close()
  const again = await open.open({ entities, storage })
  for (const { type, rows } of files) {
    const texts = textsOf(rows)
    expect(shownBy(bob, type)).toEqual(texts)
    expect(shownBy(again, type)).toEqual(texts)
  }
  // The same files again: rows with ids of their own are there once.
  for (const { type, rows } of files.slice(1)) {
    expect(await again.import<Entity>(type, rows)).toEqual({
      messages: 0,
      rows: rows.length,
      skipped: rows.length,
    })
  }
  await open.settle()
  expect(open.reviewer.state.seq).toBe(seq)
}, 60_000)
