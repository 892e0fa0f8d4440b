/** Line icons of 20 by 20. All are decorative: a label has their meaning. */

const paths = {
  mark: 'M2.5 10.5l3.5 3.5L12.5 6M9 13l1 1 7.5-8',
  people:
    'M7.5 9.5a3 3 0 100-6 3 3 0 000 6zM2 16.5c.4-3 2.6-4.5 5.5-4.5s5.100 1.500 5.500 4.500M13.500 9.300a2.600 2.600 0 000-5.100M15 12.200c1.800.5 2.800 1.900 3 4.300',
  plus: 'M10 4v12M4 10h12',
  search: 'M9 15A6 6 0 109 3a6 6 0 000 12zM13.500 13.500L17 17',
  dots: 'M4.500 10h.01M10 10h.01M15.500 10h.01',
  grip: 'M7.500 5h.01M12.500 5h.01M7.500 10h.01M12.500 10h.01M7.500 15h.01M12.500 15h.01',
  board: 'M3 4h4v12H3zM8.500 4h4v8h-4zM14 4h3.500v5H14z',
  list: 'M7 5.500h10M7 10h10M7 14.500h10M3 5.500h.01M3 10h.01M3 14.500h.01',
  up: 'M10 16V4M5 9l5-5 5 5',
  down: 'M10 4v12M5 11l5 5 5-5',
  left: 'M16 10H4M9 5l-5 5 5 5',
  right: 'M4 10h12M11 5l5 5-5 5',
  archive: 'M3 4h14v3.500H3zM4.500 7.500V16h11V7.500M8 10.500h4',
  restore: 'M4 4v4h4M4.300 8A6.500 6.500 0 1110 16.500',
  close: 'M5 5l10 10M15 5L5 15',
  check: 'M4 10.500l4 4 8-9',
  clock: 'M10 17a7 7 0 100-14 7 7 0 000 14zM10 6v4.200l2.600 1.600',
  warning: 'M10 3l7.500 13.500h-15zM10 8v3.500M10 14h.01',
  fork: 'M6 17V3M6 12c0-3 8-2 8-6V3M3.500 5.500L6 3l2.500 2.500M11.500 5.500L14 3l2.500 2.500',
  download: 'M10 3v9.500M6 9l4 4 4-4M3.500 16.500h13',
  upload: 'M10 13V3.500M6 7.500l4-4 4 4M3.500 16.500h13',
  outbox: 'M3 11l2.500-7h9L17 11v5.500H3zM3 11h4.500l1 2h3l1-2H17',
  disk: 'M10 7.500c3.600 0 6.500-1 6.500-2.200S13.600 3 10 3 3.500 4 3.500 5.300 6.400 7.500 10 7.500zM3.500 5.300v9.400C3.500 16 6.400 17 10 17s6.500-1 6.500-2.300V5.300M3.500 10c0 1.300 2.900 2.300 6.500 2.300s6.500-1 6.500-2.300',
  undo: 'M4 8h8a4 4 0 010 8H8M7.500 4.500L4 8l3.500 3.500',
  redo: 'M16 8H8a4 4 0 000 8h4M12.500 4.500L16 8l-3.500 3.500',
  refused: 'M10 17a7 7 0 100-14 7 7 0 000 14zM7.500 7.500l5 5M12.500 7.500l-5 5',
  flag: 'M5 17V3.500M5 4h9.500l-2 3.500 2 3.500H5',
} as const

export type IconName = keyof typeof paths

export function Icon({ name, className = '' }: { name: IconName; className?: string }) {
  return (
    <svg
      className={`icon ${className}`}
      data-icon={name}
      viewBox="0 0 20 20"
      aria-hidden="true"
      focusable="false"
    >
      <path d={paths[name]} />
    </svg>
  )
}
