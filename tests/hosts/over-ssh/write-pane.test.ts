import './mode.js';
import '../../terminal/write-pane.test.js';
