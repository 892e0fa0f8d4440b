/** The page of the bench with the peers beside. */
import '../../../browser/page/main.ts'
import { SIDES } from '../../../browser/page/rows.tsx'
import { TABLES } from '../../../browser/page/table.tsx'
import { dexieSide } from './dexie.tsx'
import { tanstackSide } from './tanstack.tsx'
import { tinybaseSide } from './tinybase.tsx'
import { zustandSide, zustandTable } from './zustand.tsx'

SIDES.set('zustand', zustandSide)
TABLES.set('zustand', zustandTable)
SIDES.set('tanstack', tanstackSide)
SIDES.set('tinybase', tinybaseSide)
SIDES.set('dexie', dexieSide)
