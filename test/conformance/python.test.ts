import { conform } from './conform.ts';

conform('python');
