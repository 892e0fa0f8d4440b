/** The initial issues of the demo, as if three people had worked on them since this morning. */
import type { Status } from '../src/model/issue.ts'

export interface SeedIssue {
  readonly title: string
  readonly status: Status
  readonly points: number
  readonly assignee: string
  readonly notes: string
}

export const seedIssues: readonly SeedIssue[] = [
  {
    title: 'Switch yourself offline and keep working',
    status: 'open',
    points: 1,
    assignee: '',
    notes:
      'The switch is at the bottom right. Every change stays on this device and waits in the ' +
      'outbox. Reload the page if you like: nothing is lost. Then switch back.',
  },
  {
    title: 'Open a second person and edit the same issue',
    status: 'open',
    points: 2,
    assignee: '',
    notes:
      'The button is at the top right. The second person has a key and a database of their own. ' +
      'Take both offline, change different fields of one issue, and bring both back: nobody loses.',
  },
  {
    title: 'Search forgets the last word when you type fast',
    status: 'open',
    points: 3,
    assignee: 'Chiara',
    notes: 'Seen on a slow phone. The last key before Enter does not count.',
  },
  {
    title: 'Offer the monthly report as a spreadsheet',
    status: 'open',
    points: 5,
    assignee: 'Ben',
    notes: '',
  },
  {
    title: 'Invitation mails end up in spam',
    status: 'open',
    points: 8,
    assignee: '',
    notes: 'Mostly with one provider. Ask for the headers of a message that arrived.',
  },
  {
    title: 'Dark theme for the calendar',
    status: 'doing',
    points: 3,
    assignee: 'Amara',
    notes: 'Weekends need another shade than today.',
  },
  {
    title: 'Importing 5,000 contacts freezes the page',
    status: 'doing',
    points: 8,
    assignee: 'Dev',
    notes: 'Write in slices and show how far it is.',
  },
  {
    title: 'Keyboard shortcuts for moving between days',
    status: 'doing',
    points: 2,
    assignee: 'Emeka',
    notes: 'J and K, as in the list. Show them in the help.',
  },
  {
    title: 'Round invoices to cents before summing up',
    status: 'done',
    points: 5,
    assignee: 'Ben',
    notes: 'Summing first and rounding after was off by one in long invoices.',
  },
  {
    title: 'Time zone of the meeting in the invitation',
    status: 'done',
    points: 3,
    assignee: 'Chiara',
    notes: '',
  },
  {
    title: 'Remember the chosen language',
    status: 'done',
    points: 1,
    assignee: 'Amara',
    notes: '',
  },
  {
    title: 'Faster first screen on slow lines',
    status: 'done',
    points: 13,
    assignee: 'Dev',
    notes: 'From 4.1 s to 1.3 s on the office phone: fewer fonts, smaller pictures.',
  },
]
