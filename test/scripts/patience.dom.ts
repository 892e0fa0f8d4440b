// Owns: how long `waitFor` and `findBy…` of Testing Library wait (see `patience.ts`).

import { configure } from '@testing-library/react'
import { WAIT_MS } from './wait.ts'

configure({ asyncUtilTimeout: WAIT_MS })
