/**
 * Stands in for what dockerode's docker-modem loads and Pikelet never uses: SSH (16 MB of WebAssembly at import) and the
 * gRPC of BuildKit sessions. Engines are reached over their unix socket alone.
 */
module.exports = {};
