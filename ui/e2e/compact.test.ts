import { everyScreen } from './screens';

everyScreen('compact');
