/** The result of the validation: the number of issues, or the errors; then the progress of the import. */
import { Icon } from '../parts/Icon.tsx'
import type { Parsed } from '../model/transfer.ts'
import { counted } from './counted.ts'
import type { ImportProgress } from './useImport.ts'

interface ImportFindingsProps {
  readonly parsed: Parsed | undefined
  readonly progress: ImportProgress | undefined
}

export function ImportFindings({ parsed, progress }: ImportFindingsProps) {
  return (
    <div className="findings" aria-live="polite">
      {progress && (
        <label className="findings__progress">
          {progress.done} of {progress.all}
          <progress value={progress.done} max={progress.all} />
        </label>
      )}
      {!progress && parsed?.ok && (
        <p data-tone="ok">
          <Icon name="check" /> {counted(parsed.issues.length)} ready to come in.
        </p>
      )}
      {!progress && parsed && !parsed.ok && (
        <div data-tone="bad">
          <p>
            <Icon name="warning" /> Nothing was imported.
          </p>
          <ul>
            {parsed.faults.map((fault) => (
              <li key={fault}>{fault}</li>
            ))}
          </ul>
        </div>
      )}
    </div>
  )
}
