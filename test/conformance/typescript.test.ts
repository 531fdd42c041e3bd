import { conform } from './conform.ts';

conform('typescript');
