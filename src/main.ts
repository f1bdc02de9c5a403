import 'reflect-metadata';
import { startVault } from './start';

void startVault(process.env);
