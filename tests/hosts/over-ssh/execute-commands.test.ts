import './mode.js';
import '../../terminal/execute-commands.test.js';
