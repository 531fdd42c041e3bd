import * as limits from './limits.ts';
import { number, partial, path, section } from './schema-fields.ts';

const backup = section(
  {
    every_hours: number(limits.BACKUP_HOURS, 'Hours between two backups; 24 without it.'),
    keep: number(limits.BACKUPS_KEPT, 'Newest backups kept; 7 without it.'),
    directory: path('Where they are; without it, backups in the data directory.'),
  },
  'Copies of the ledger that restore reads; without it, none is made.',
);

export const ledger = section(
  {
    retain_deltas: number(limits.RETAINED, 'Newest deltas kept in the history.'),
    retain_cycles: number(limits.RETAINED, 'Newest cycles kept in the history.'),
    backup: partial(backup),
  },
  'What the ledger keeps.',
);
