/**
 * For the unit tests of programs that use this library: answers by script, in virtual time. No socket, no clock of its own.
 */
export { type ScriptedRequest, type ScriptedStep, type ScriptedTransport, scriptedTransport } from './scripted-transport.js';
