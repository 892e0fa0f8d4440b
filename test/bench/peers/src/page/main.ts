/** The page of the bench with the peers beside. */
import '../../../browser/page/main.ts'
import { SIDES } from '../../../browser/page/rows.tsx'
import { dexieSide } from './dexie.tsx'
import { tanstackSide } from './tanstack.tsx'
import { tinybaseSide } from './tinybase.tsx'
import { zustandSide } from './zustand.tsx'

SIDES.set('zustand', zustandSide)
SIDES.set('tanstack', tanstackSide)
SIDES.set('tinybase', tinybaseSide)
SIDES.set('dexie', dexieSide)
