import { everyScreen } from './screens';

everyScreen('wide');
