import './mode.js';
import '../../terminal/execute-ends.test.js';
