import './mode.js';
import '../../terminal/open-close.test.js';
