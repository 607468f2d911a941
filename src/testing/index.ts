/**
 * For the unit tests of programs that use this library: scripted responses in virtual time, without sockets.
 * @module
 */
export { type ScriptedRequest, type ScriptedStep, type ScriptedTransport, scriptedTransport } from './scripted-transport.js';
