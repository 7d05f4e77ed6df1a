// Reads state/routes.json: what each route does now. The lab replaces the file; a change counts from the next request on.
//
// A file that is missing or wrong is never the visitor's problem: the previous one counts, or what the gateway came with.

import fs from 'fs';
import defaults from 'default_routes.js';
import split from 'split.js';

// Milliseconds between two complaints about the same trouble: every request finds it anew.
const COMPLAINT_MS = 10000;

function parsed(file) {
    const found = JSON.parse(fs.readFileSync(file, 'utf8'));
    if (!found || found.schema !== 1 || typeof found.routes !== 'object' || found.routes === null || Array.isArray(found.routes)) {
        throw new Error('it is no table of routes of schema 1');
    }
    return found;
}

// The routes that the gateway came with; a file may change them, not add to them.
const NAMES = Object.keys(defaults.routes);

function routeIn(file, name, known) {
    const routes = parsed(file).routes;
    if (!Object.prototype.hasOwnProperty.call(routes, name)) {
        return null;
    }
    const wrong = split.trouble(name, routes[name], known);
    if (wrong) {
        throw new Error(`route ${name}: ${wrong}`);
    }
    return routes[name];
}

// Asked first, because an exception costs njs more than everything else here.
function isThere(file) {
    return fs.statSync(file, { throwIfNoEntry: false }) !== undefined;
}

// One line in the error log, unless there was one just now.
function complain(r, file, error) {
    const stamp = `${r.variables.lab_run}/routes.complaint`;
    try {
        if (Date.now() - fs.statSync(stamp).mtime.getTime() < COMPLAINT_MS) {
            return;
        }
    } catch (e) {
        // No complaint so far.
    }
    r.error(`${file} cannot be used: ${error.message}. The previous routes count.`);
    try {
        fs.writeFileSync(stamp, '');
    } catch (e) {
        // Then there will be more lines.
    }
}

// A route and which table it comes from: current, previous or default.
function read(r, name) {
    const state = r.variables.lab_state;
    const known = r.variables.lab_known.split(' ');
    try {
        const route = isThere(`${state}/routes.json`) ? routeIn(`${state}/routes.json`, name, known) : null;
        return { route: route || defaults.routes[name], table: route ? 'current' : 'default' };
    } catch (e) {
        complain(r, `${state}/routes.json`, e);
        return before(`${state}/routes.previous.json`, name, known);
    }
}

function before(file, name, known) {
    try {
        const route = routeIn(file, name, known);
        return { route: route || defaults.routes[name], table: route ? 'previous' : 'default' };
    } catch (e) {
        return { route: defaults.routes[name], table: 'default' };
    }
}

export default { NAMES, DEFAULT_ROUTE: defaults.default_route, read };
