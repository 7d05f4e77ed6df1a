// What NGINX asks about each request: its route, its variant, its shadows, and who helps when the variant fails.
//
// Forced variant → header rule → split. The decisions themselves are in split.js.

import crypto from 'crypto';
import split from 'split.js';
import table from 'table.js';

const COOKIE = 'lab_visitor';

// The cookie lives half a year, in seconds: longer than experiments last.
const COOKIE_MAX_AGE_S = 15552000;

function bucket(salt, key) {
    return split.bucket(crypto.createHash('sha256').update(`${salt}:${key}`).digest('hex'));
}

// A visitor's key may be any printable ASCII text of reasonable length; others are as if nothing had been sent.
function usable(key) {
    return key && key.length <= 256 && split.isPrintable(key) ? key : '';
}

// 32 hex digits that only this installation can make.
function keyed(secret, text) {
    return crypto.createHmac('sha256', secret).update(text).digest('hex').slice(0, 32);
}

// An id that begins with the second in which it was made: what is sought by its id is then found without looking everywhere.
function timed(id) {
    return `0000000${Math.floor(Date.now() / 1000).toString(16)}`.slice(-8) + id.slice(8);
}

// js_set $lab_place: runs first for every request, before any rewriting. Returns `ok` for what a model answers, `unknown` for an
// unknown variant, `feedback` for feedback, `lab` for the lab's page.
function place(r) {
    const uri = r.uri;
    r.variables.lab_request_id = timed(r.variables.request_id);
    if (uri === '/lab' || uri.indexOf('/lab/') === 0) {
        return 'lab';
    }
    const variables = r.variables;
    const known = variables.lab_known.split(' ');
    const address = split.takeApart(uri, table.NAMES, table.DEFAULT_ROUTE, known);
    const deployment = split.deployment(uri);
    if (deployment || split.takesFeedback(address.inner)) {
        return placeFeedback(r, address, deployment);
    }
    const forced = r.headersIn['X-Variant'] || address.pin;
    const decider = decide(r, address.route, forced, known);
    const route = decider.found.route;
    const chosen = forced || decider.ruled;
    const predicts = split.predicts(r.method, address.inner);
    variables.lab_route = decider.name;
    variables.lab_prefix = address.prefix;
    variables.lab_inner = address.inner;
    variables.lab_predicts = predicts ? '1' : '';
    // What was read now counts to the end of this request, whatever is written meanwhile.
    variables.lab_settings = JSON.stringify(route);
    variables.lab_table = decider.found.table;
    if (chosen && known.indexOf(`${decider.name}.${chosen}`) < 0) {
        return 'unknown';
    }
    variables.lab_chosen = chosen;
    variables.lab_chosen_why = forced ? 'override' : chosen ? 'rule' : '';
    if (predicts) {
        prepare(variables, decider.name, route, chosen);
    }
    return 'ok';
}

// The route that decides, and the variant that a rule chose in it: the address's own route, or the one that a rule leads to. That one's
// rules are not asked again, so nobody is led in a circle. A variant of the address's own route that is asked for by name outranks rules.
function decide(r, name, forced, known) {
    const found = table.read(r, name);
    const rule = split.ruled(found.route, r.headersIn);
    if (!rule || (forced && known.indexOf(`${name}.${forced}`) >= 0)) {
        return { name, found, ruled: '' };
    }
    if (rule.route && table.NAMES.indexOf(rule.route) >= 0) {
        return { name: rule.route, found: table.read(r, rule.route), ruled: '' };
    }
    return { name, found, ruled: rule.variant || '' };
}

// Whom feedback is about, as far as its address and its visitor say. Nobody becomes a visitor by it.
function placeFeedback(r, address, deployment) {
    const variables = r.variables;
    const key = givenKey(r);
    variables.lab_route = address.prefix ? address.route : '';
    variables.lab_prefix = address.prefix;
    variables.lab_pin = address.pin;
    variables.lab_seldon = deployment;
    variables.lab_visitor = key ? keyed(variables.lab_secret, key) : '';
    return 'feedback';
}

// What predictions have and pages do not: a turn, shadows, a way through the gateway.
function prepare(variables, name, route, chosen) {
    const turns = split.turns(route).length;
    const shadowed = variables.lab_chosen_why !== 'override' && Object.keys(route.shadows).length > 0;
    variables.lab_turn = !chosen && route.mode === 'roundrobin' && turns > 1 ? `turn.${name}.${turns}` : '';
    // Where nobody may help, an answer 500 must reach the visitor as it is.
    const rescued = route.rescue_500 && split.rescuer(route, chosen, variables.lab_chosen_why) !== '';
    variables.lab_way = `${shadowed ? '_shadowed' : ''}${rescued ? '_rescue_500' : ''}`;
    variables.lab_experiment = route.experiment || '';
    variables.lab_epoch = String(route.epoch);
}

// js_set $lab_upstream: the upstream to ask, once it is known whose turn it is.
function upstream(r) {
    const variables = r.variables;
    const route = JSON.parse(variables.lab_settings);
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
        const turns = split.turns(route);
        // Without an answer whose turn it is, the first one's.
        return { variant: turns[Number(variables.lab_turned)] || turns[0], reason: 'roundrobin', weight: asShare(100 / turns.length) };
    }
    if (route.mode === 'off') {
        return { variant: route.baseline, reason: 'split', weight: 1 };
    }
    const variant = split.holder(route, bucket(route.salt, key));
    return { variant, reason: 'split', weight: asShare(split.share(route, variant)) };
}

// A percentage as a share, without the dust of binary fractions.
function asShare(value) {
    return Number((value / 100).toFixed(6));
}

// Who the client says that its visitor is: a user id that it vouches for, or the cookie; empty for neither.
function givenKey(r) {
    const variables = r.variables;
    const vouched = variables.lab_trust_user_id === '1' ? usable(r.headersIn['X-User-ID']) : '';
    return vouched || usable(variables[`cookie_${COOKIE}`]);
}

// A visitor who is known, or a new one. The journal gets only a keyed digest of the key.
function visitorKey(r) {
    const variables = r.variables;
    const given = givenKey(r);
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
    const name = split.rescuer(JSON.parse(variables.lab_settings), variables.lab_asked, variables.lab_reason);
    return name ? `${variables.lab_route}.${name}` : 'none';
}

// js_set $lab_shadows: the shadow variants that get a copy of this prediction, with their shares: "forest=1,xgboost=0.1".
function shadows(r) {
    const variables = r.variables;
    // Asks for the assignment first: nobody is their own shadow.
    const upstreamAsked = variables.lab_upstream;
    const percents = JSON.parse(variables.lab_settings).shadows;
    const names = Object.keys(percents).sort().filter((name) => `${variables.lab_route}.${name}` !== upstreamAsked);
    const sampled = names.filter((name) => isSampled(`shadow:${name}`, variables.lab_request_id, percents[name]));
    return sampled.map((name) => `${name}=${asShare(percents[name])}`).join(',');
}

function isSampled(salt, id, percent) {
    return bucket(salt, id) < percent * split.BUCKETS / 100;
}

// js_content: a copy is accepted at once, so that whoever sent it need not wait for the shadow.
function accepted(r) {
    r.return(204);
}

export default { place, upstream, rescue, shadows, accepted };
