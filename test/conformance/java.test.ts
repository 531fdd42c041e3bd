import { conform } from './conform.ts';

conform('java');
