import { conform } from './conform.ts';

conform('go');
