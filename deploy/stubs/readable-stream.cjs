/** Stands in for the package readable-stream, whose copies of these would cost an agent over a megabyte. */
module.exports = require('node:stream');
