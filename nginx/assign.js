// Who gets which model: reads the address, then forced variant → header rule → split.
//
// The functions without an `r` are pure and know nothing of NGINX. Written for njs 0.7.9 and later, so without default
// parameters, destructuring, spread, for…of and classes.

import crypto from 'crypto';
import routes from 'routes.js';

const COOKIE = 'lab_visitor';

// The cookie lives half a year, in seconds: longer than experiments last.
const COOKIE_MAX_AGE_S = 15552000;

// The addresses that predict; everything else is a page, a file or a question about the model.
const PREDICTS = ['/predict', '/predict/label', '/result', '/result/'];
const PREDICTS_SAMPLE = ['/predict/test', '/predict/test/label'];

// The split has a resolution of 0.01 %.
const BUCKETS = 10000;

// An address, taken apart: /iris/svc/predict → route iris, pin svc, inner /predict, prefix /iris/svc.
function takeApart(uri, known) {
    const segments = uri.split('/');
    // Not `in`: every object has a `constructor`.
    const named = Object.keys(routes.ROUTES).indexOf(segments[1]) >= 0;
    const route = named ? segments[1] : routes.DEFAULT_ROUTE;
    const pinned = named && known.indexOf(`${route}.${segments[2]}`) >= 0;
    const depth = (named ? 1 : 0) + (pinned ? 1 : 0);
    const inner = '/' + segments.slice(depth + 1).join('/');
    return { route, pin: pinned ? segments[2] : '', inner, prefix: segments.slice(0, depth + 1).join('/') };
}

function predicts(method, inner) {
    return (method === 'POST' && PREDICTS.indexOf(inner) >= 0) || (method === 'GET' && PREDICTS_SAMPLE.indexOf(inner) >= 0);
}

// Exact and case-sensitive, unlike NGINX's own `map`.
function ruled(route, headers) {
    const fits = route.rules.filter((rule) => headers[rule.header] === rule.value);
    return fits.length ? fits[0].variant : '';
}

// 0 … BUCKETS - 1, evenly: the first 32 bits of SHA-256 over salt and key.
function bucket(salt, key) {
    return crypto.createHash('sha256').update(`${salt}:`).update(key).digest().readUInt32BE(0) % BUCKETS;
}

// A visitor's key may be any printable ASCII text of reasonable length; others are as if nothing had been sent.
function usable(key) {
    return key && /^[ -~]{1,256}$/.test(key) ? key : '';
}

// 32 hex digits that only this installation can make.
function keyed(secret, text) {
    return crypto.createHmac('sha256', secret).update(text).digest('hex').slice(0, 32);
}

// The variant whose share of the buckets holds `position`; `weights` are percent.
function split(weights, position) {
    let end = 0;
    const names = Object.keys(weights);
    const within = names.filter((name) => {
        end += weights[name] * BUCKETS / 100;
        return position < end;
    });
    return within.length ? within[0] : names[names.length - 1];
}

// Who answers when `failed` does not: the baseline, or for the baseline the next variant that has a share.
function rescuer(route, failed, reason) {
    if (route.fallback === 'none' || reason === 'override') {
        return '';
    }
    const order = [route.baseline].concat(Object.keys(route.weights)).filter((name) => name !== failed);
    return order.length ? order[0] : '';
}

// ---- what NGINX calls -------------------------------------------------------------------------------------------

// js_set $lab_place: runs first for every request, before any rewriting. Returns `ok`, or `unknown` for an unknown variant.
function place(r) {
    const known = r.variables.lab_known.split(' ');
    const address = takeApart(r.uri, known);
    const route = routes.ROUTES[address.route];
    const forced = r.headersIn['X-Variant'] || address.pin;
    const chosen = forced || ruled(route, r.headersIn);
    const variables = r.variables;
    variables.lab_route = address.route;
    variables.lab_prefix = address.prefix;
    variables.lab_inner = address.inner;
    variables.lab_predicts = predicts(r.method, address.inner) ? '1' : '';
    if (chosen && known.indexOf(`${address.route}.${chosen}`) < 0) {
        return 'unknown';
    }
    variables.lab_chosen = chosen;
    variables.lab_chosen_why = forced ? 'override' : chosen ? 'rule' : '';
    variables.lab_turn = !chosen && variables.lab_predicts && route.mode === 'roundrobin' ? `turn.${address.route}` : '';
    return 'ok';
}

// js_set $lab_upstream: the upstream to ask, once it is known whose turn it is.
function upstream(r) {
    const variables = r.variables;
    const route = routes.ROUTES[variables.lab_route];
    const assignment = assigned(r, route);
    const asked = assignment.variant || route.baseline;
    variables.lab_asked = asked;
    if (assignment.variant) {
        variables.lab_variant = asked;
        variables.lab_reason = assignment.reason;
        variables.lab_weight = String(assignment.weight);
        variables.lab_version = route.versions[asked] || '';
    }
    return `${variables.lab_route}.${asked}`;
}

function assigned(r, route) {
    const variables = r.variables;
    const key = variables.lab_predicts ? visitorKey(r) : '';
    if (variables.lab_chosen) {
        return { variant: variables.lab_chosen, reason: variables.lab_chosen_why, weight: 1 };
    }
    if (!variables.lab_predicts) {
        return { variant: '' };
    }
    if (route.mode === 'roundrobin') {
        return { variant: variables.lab_turned, reason: 'roundrobin', weight: 1 / Object.keys(route.weights).length };
    }
    const variant = split(route.weights, bucket(route.salt, key));
    return { variant, reason: 'split', weight: route.weights[variant] / 100 };
}

// A user id that the caller vouches for, the cookie, or a new visitor. The journal gets only a keyed digest of it.
function visitorKey(r) {
    const variables = r.variables;
    const vouched = variables.lab_trust_user_id === '1' ? usable(r.headersIn['X-User-ID']) : '';
    const given = vouched || usable(variables[`cookie_${COOKIE}`]);
    // Not the request id itself, which the journal, the client and its logs know.
    const key = given || keyed(variables.lab_secret, `cookie:${variables.request_id}`);
    if (!given) {
        variables.lab_set_cookie = `${COOKIE}=${key}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${COOKIE_MAX_AGE_S}`;
    }
    variables.lab_visitor = keyed(variables.lab_secret, key);
    return key;
}

// js_set $lab_rescue: the upstream to ask after a failure, or `none`.
function rescue(r) {
    const variables = r.variables;
    const name = rescuer(routes.ROUTES[variables.lab_route], variables.lab_asked, variables.lab_reason);
    return name ? `${variables.lab_route}.${name}` : 'none';
}

export default { place, upstream, rescue, takeApart, predicts, ruled, bucket, split, rescuer };
