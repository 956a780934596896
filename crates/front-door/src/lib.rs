//! May this sender write, is it new, publish, answer: the lake's REST service
