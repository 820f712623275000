import './mode.js';
import '../../terminal/sessions.test.js';
