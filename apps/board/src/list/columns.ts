/** The sortable columns of the table. */
export const columns = [
  { field: '$createdOrderKey', label: 'Number', short: '#' },
  { field: 'title', label: 'Title' },
  { field: 'status', label: 'Status' },
  { field: 'points', label: 'Points' },
  { field: 'assignee', label: 'Assignee' },
  { field: '$author', label: 'Signed by' },
] as const

export type SortField = (typeof columns)[number]['field']
