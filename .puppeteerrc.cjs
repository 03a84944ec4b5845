// The system's Chromium draws the pictures, so puppeteer must not download its own.
// npm 11 skips its install script already (allowScripts); npm 10 runs it and reads this.
module.exports = { skipDownload: true }
