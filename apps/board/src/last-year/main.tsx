/**
 * Last year's app: a second page, like an old build on a device that is never updated. It declares
 * only version 1 of the type, has its own database and key, and uses the same space as the current
 * board.
 */
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './App.tsx'
import '../styles/tokens.css'
import '../styles/base.css'
import '../styles/parts.css'
import '../styles/app.css'
import '../styles/drawer.css'
import '../styles/conflicts.css'
import '../styles/last-year.css'

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
