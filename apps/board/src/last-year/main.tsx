/**
 * Last year's app: a second page, as somebody may still have it open on a device that nobody
 * updates. It declares version 1 of the type and nothing else, has its own database and key, and
 * works on the same space as the board of today.
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
